import { effective } from './inheritance.ts';
import type { ConfigModel, ConfigNode } from './model.ts';

export type BufferFamily = 'proxy' | 'fastcgi' | 'uwsgi' | 'scgi' | 'grpc';

/** The response buffers in effect at a block, in bytes, with the lines that set them. */
export interface BufferSettings {
  readonly size: number;
  readonly sizeNode: ConfigNode | null;
  readonly count: number;
  readonly one: number;
  readonly buffersNode: ConfigNode | null;
  readonly busy: number;
  readonly busyNode: ConfigNode | null;
  readonly temp: number;
  readonly tempNode: ConfigNode | null;
  /** Whether nginx starts with them (ngx_http_proxy_merge_loc_conf and its siblings). */
  readonly consistent: boolean;
}

/** nginx's default is one memory page; 4k is what it is on every machine but a few. */
const PAGE = 4096;

/** Reads the effective buffers of a handler at a block. */
export function bufferSettings(model: ConfigModel, block: ConfigNode, family: BufferFamily): BufferSettings {
  const node = (name: string): ConfigNode | null =>
    effective(model, `${family}_${name}`, block).nodes[0] ?? null;
  const sizeNode = node('buffer_size');
  const buffersNode = node('buffers');
  const busyNode = node('busy_buffers_size');
  const tempNode = node('temp_file_write_size');
  const size = parseSize(sizeNode?.arg(0)) ?? PAGE;
  const count = Number(buffersNode?.arg(0) ?? 8);
  const one = parseSize(buffersNode?.arg(1)) ?? PAGE;
  const larger = Math.max(size, one);
  const busy = parseSize(busyNode?.arg(0)) ?? 2 * larger;
  const temp = parseSize(tempNode?.arg(0)) ?? 2 * larger;
  const consistent =
    family === 'grpc' || (count >= 2 && busy >= larger && busy <= (count - 1) * one && temp >= larger);
  return { size, sizeNode, count, one, buffersNode, busy, busyNode, temp, tempNode, consistent };
}

/** Size as nginx reads it: digits with an optional k or m, in bytes (ngx_parse_size); null when it is none. */
export function parseSize(text: string | null | undefined): number | null {
  const match = /^(\d{1,12})([kKmM]?)$/.exec(text ?? '');
  if (!match) return null;
  const unit = match[2]!.toLowerCase();
  return Number(match[1]) * (unit === 'k' ? 1024 : unit === 'm' ? 1_048_576 : 1);
}

/** Shortest spelling that nginx reads as that many bytes. */
export function formatSize(bytes: number): string {
  if (bytes >= 1_048_576 && bytes % 1_048_576 === 0) return `${bytes / 1_048_576}m`;
  return bytes % 1024 === 0 && bytes > 0 ? `${bytes / 1024}k` : String(bytes);
}

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
  let known = cache.get(block);
  if (!known) {
    known = new Map();
    cache.set(block, known);
  }
  let settings = known.get(family);
  if (!settings) {
    settings = readSettings(model, block, family);
    known.set(family, settings);
  }
  return settings;
}

/** Nodes belong to one immutable model: what was worked out for a block holds. */
const cache = new WeakMap<ConfigNode, Map<BufferFamily, BufferSettings>>();

function readSettings(model: ConfigModel, block: ConfigNode, family: BufferFamily): BufferSettings {
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
  const consistent = family === 'grpc' || isConsistent({ size, count, one, busy, temp });
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

/** One line of a group of buffer directives that is to have another value. */
export interface BufferChange {
  readonly name: string;
  readonly value: string;
  /** The line in effect, or null where none is. */
  readonly node: ConfigNode | null;
  readonly bytes: number;
}

/** What must change for a response header of `size` bytes, so that nginx still starts. */
export function raisedBuffers(settings: BufferSettings, family: BufferFamily, size: number): BufferChange[] {
  const changes: BufferChange[] = [];
  const put = (name: string, node: ConfigNode | null, bytes: number, value = formatSize(bytes)): void => {
    changes.push({ name: `${family}_${name}`, value, node, bytes });
  };
  put('buffer_size', settings.sizeNode, size);
  if (family === 'grpc') return changes;
  const one = Math.max(settings.one, size);
  if (settings.one < one || settings.count < 4) {
    put('buffers', settings.buffersNode, one, `${Math.max(settings.count, 8)} ${formatSize(one)}`);
  }
  if (settings.busyNode && settings.busy < one) put('busy_buffers_size', settings.busyNode, one * 2);
  if (settings.tempNode && settings.temp < one) put('temp_file_write_size', settings.tempNode, one * 2);
  return changes;
}

/** Whether nginx would still start with another block's buffers after changes of lines that it may share. */
export function staysConsistent(
  other: BufferSettings,
  changes: readonly BufferChange[],
  family: BufferFamily,
): boolean {
  if (family === 'grpc') return true;
  const changed = (name: string, node: ConfigNode | null): BufferChange | undefined =>
    changes.find(
      (change) =>
        change.name === `${family}_${name}` &&
        // The same line, or a new one that reaches a block without one.
        (change.node
          ? node !== null && change.node.file === node.file && change.node.at === node.at
          : node === null),
    );
  const size = changed('buffer_size', other.sizeNode)?.bytes ?? other.size;
  const buffers = changed('buffers', other.buffersNode);
  const one = buffers?.bytes ?? other.one;
  const count = buffers ? Math.max(other.count, 8) : other.count;
  const larger = Math.max(size, one);
  const busy =
    changed('busy_buffers_size', other.busyNode)?.bytes ?? (other.busyNode ? other.busy : 2 * larger);
  const temp =
    changed('temp_file_write_size', other.tempNode)?.bytes ?? (other.tempNode ? other.temp : 2 * larger);
  return isConsistent({ size, count, one, busy, temp });
}

function isConsistent(values: {
  size: number;
  count: number;
  one: number;
  busy: number;
  temp: number;
}): boolean {
  const larger = Math.max(values.size, values.one);
  const { count, one, busy, temp } = values;
  return count >= 2 && busy >= larger && busy <= (count - 1) * one && temp >= larger;
}

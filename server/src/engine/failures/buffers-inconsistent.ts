import {
  type BufferFamily,
  type BufferSettings,
  bufferSettings,
  formatSize,
  parseSize,
} from '../config/buffers.ts';
import { effective } from '../config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import { hasPlaceholder } from '../config/variables.ts';
import type { Fix } from '../contract.ts';
import type { Case } from '../diagnosis/case.ts';
import { Editor } from '../diagnosis/editing.ts';
import {
  fixesOfRefusal,
  KEEP_RUNNING,
  LOADS,
  testConfiguration,
  WHOLE_START,
  weighRefusal,
} from '../diagnosis/refused.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * nginx compares the buffer sizes of each level when it merges them (ngx_http_proxy_merge_loc_conf and its twins),
 * whether or not anything is passed there or buffered. Judged for pages of 4k, which all but a few machines have.
 * gRPC has one buffer and no such rule.
 */
export const buffersInconsistent: FailureMode = {
  id: 'buffers-inconsistent',
  title: 'The buffer sizes contradict each other, so nginx does not load',
  what: '*_buffer_size, *_buffers, *_busy_buffers_size, *_temp_file_write_size or *_max_temp_file_size do not fit each other.',
  why: 'nginx refuses the whole configuration, naming the end of a block: a start fails, a reload leaves the old configuration running. The usual case is proxy_buffer_size 16k or more without proxy_buffers.',
  do: 'Set them together, for example proxy_buffer_size 16k; proxy_buffers 8 16k. The busy size must hold one buffer of either kind, and at most all of *_buffers but one.',
  status: null,
  versions: null,
  hits: WHOLE_START,
  signatures: [
    { message: 'busy-buffers-inconsistent' },
    { message: 'buffer-sizes-inconsistent' },
    { message: 'too-few-buffers' },
  ],
  detect: (model) => contradictions(model),
  weigh: (failure) => weighRefusal(ofModule(failure), failure),
  fix: (failure) => fixesOfRefusal(ofModule(failure), failure),
  remedy: {
    cure: () => 'set *_buffer_size and *_buffers together, and leave *_busy_buffers_size to its default',
    mitigate: KEEP_RUNNING,
    takesEffect: LOADS,
  },
  checks: testConfiguration,
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_busy_buffers_size',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffers',
  ],
};

const FAMILIES: readonly BufferFamily[] = ['proxy', 'fastcgi', 'uwsgi', 'scgi'];
const SIZES = ['buffer_size', 'buffers', 'busy_buffers_size', 'temp_file_write_size', 'max_temp_file_size'];
const FAMILY_OF: ReadonlyMap<string, BufferFamily> = new Map(
  FAMILIES.flatMap((family) => SIZES.map((size) => [`${family}_${size}`, family] as const)),
);

/** nginx names the end of a block, but the module whose sizes they are. */
function ofModule({ entry }: Case): (model: ConfigModel) => Detection[] {
  const family = /"(\w+?)_/.exec(entry.message)?.[1] ?? '';
  return (model) => contradictions(model).filter(({ message }) => message.includes(`${family}_`));
}

const LEVELS: ReadonlySet<string> = new Set(['http', 'server', 'location']);

function contradictions(model: ConfigModel): Detection[] {
  const levels = new Map<ConfigNode, Set<BufferFamily>>();
  for (const { name, parent, context } of model.named(...FAMILY_OF.keys())) {
    const family = FAMILY_OF.get(name)!;
    if (!parent || !LEVELS.has(context)) continue;
    // The http level is judged with each server, which may set what is missing.
    for (const level of parent.name === 'http' ? parent.all('server') : [parent])
      levels.set(level, (levels.get(level) ?? new Set()).add(family));
  }
  return [...levels].flatMap(([level, families]) =>
    [...families].flatMap((family) => contradiction(model, level, family) ?? []),
  );
}

/** What is wrong at a level. Levels below it that set nothing have the same fault. */
function contradiction(model: ConfigModel, level: ConfigNode, family: BufferFamily): Detection | null {
  // What stands outside of a fragment or in a file that is not here may make it right.
  const whole = [...level.ancestors()].some(({ name }) => name === 'http');
  if (!whole || model.hasUnreadInclude(level, null)) return null;
  const settings = bufferSettings(model, level, family);
  const max = effective(model, `${family}_max_temp_file_size`, level).nodes[0] ?? null;
  const nodes = [settings.sizeNode, settings.buffersNode, settings.busyNode, settings.tempNode, max].filter(
    (node) => node !== null,
  );
  if (!nodes.every((node) => readable(model, node))) return null;
  const fault = firstFault(settings, family, max);
  const node = fault?.node ?? nodes.find(({ parent }) => parent === level) ?? nodes[0];
  if (!fault || !node) return null;
  return {
    node,
    severity: 'error',
    certainty: 'certain',
    message: fault.message,
    related: nodes
      .filter((other) => other !== node)
      .map((other) => ({ ...other.site, message: 'is in effect with it' })),
    fixes: fault.fix(model, settings, family),
  };
}

function readable(model: ConfigModel, node: ConfigNode): boolean {
  return !hasPlaceholder(model, node.text) && parseSize(node.args.at(-1)) !== null;
}

interface Fault {
  readonly message: string;
  readonly node: ConfigNode | null;
  readonly fix: (model: ConfigModel, settings: BufferSettings, family: BufferFamily) => Fix[];
}

/** In the order in which nginx judges. */
function firstFault(settings: BufferSettings, family: BufferFamily, max: ConfigNode | null): Fault | null {
  const { size, count, one, busy, temp } = settings;
  const larger = Math.max(size, one);
  const name = (what: string): string => `${family}_${what}`;
  if (count < 2)
    return {
      message: `there must be at least 2 ${name('buffers')}`,
      node: settings.buffersNode,
      fix: fitBuffers,
    };
  if (busy < larger)
    return {
      message: `${name('busy_buffers_size')} ${formatSize(busy)} does not hold one buffer of ${formatSize(larger)}`,
      node: settings.busyNode,
      fix: (model, _, own) =>
        resize(model, settings.busyNode, name('busy_buffers_size'), 2 * larger, settings, own),
    };
  if (busy > (count - 1) * one) {
    const all = formatSize((count - 1) * one);
    const why = settings.busyNode
      ? `${name('busy_buffers_size')} ${formatSize(busy)}`
      : `the default of ${name('busy_buffers_size')}, twice ${formatSize(larger)},`;
    return {
      message: `${why} is more than all ${name('buffers')} but one, ${all}`,
      node: settings.busyNode ?? settings.sizeNode,
      fix: fitBuffers,
    };
  }
  if (temp < larger)
    return {
      message: `${name('temp_file_write_size')} ${formatSize(temp)} does not hold one buffer of ${formatSize(larger)}`,
      node: settings.tempNode,
      fix: (model) => resize(model, settings.tempNode, name('temp_file_write_size'), 2 * larger),
    };
  const most = parseSize(max?.arg(0));
  if (max && most !== null && most !== 0 && most < larger)
    return {
      message: `${name('max_temp_file_size')} ${formatSize(most)} does not hold one buffer of ${formatSize(larger)}; 0 switches temporary files off`,
      node: max,
      fix: (model) => resize(model, max, name('max_temp_file_size'), 0),
    };
  return null;
}

/** Another value on a line that stands, if all buffers but one can hold it. */
function resize(
  model: ConfigModel,
  node: ConfigNode | null,
  name: string,
  bytes: number,
  settings?: BufferSettings,
  family?: BufferFamily,
): Fix[] {
  if (!node) return [];
  if (settings && family && bytes > (settings.count - 1) * settings.one)
    return fitBuffers(model, settings, family);
  const value = formatSize(bytes);
  const fix = new Editor(model, 'review').replaceHead(node, `${name} ${value}`).fix(`set ${name} ${value}`);
  return fix ? [fix] : [];
}

/** Enough buffers, of the size that the header buffer has, for what may be busy. */
function fitBuffers(model: ConfigModel, settings: BufferSettings, family: BufferFamily): Fix[] {
  const one = Math.max(settings.one, settings.size);
  const busy = settings.busyNode ? Math.max(settings.busy, one) : 2 * one;
  const count = Math.max(settings.count, 8, Math.ceil(busy / one) + 1);
  const value = `${count} ${formatSize(one)}`;
  const editor = new Editor(model, 'review');
  if (settings.buffersNode) editor.replaceHead(settings.buffersNode, `${family}_buffers ${value}`);
  else if (settings.sizeNode) editor.insertAfter(settings.sizeNode, [`${family}_buffers ${value};`]);
  else if (settings.busyNode) editor.insertAfter(settings.busyNode, [`${family}_buffers ${value};`]);
  const tooSmall = settings.busyNode !== null && settings.busy < one;
  if (tooSmall) editor.replaceHead(settings.busyNode!, `${family}_busy_buffers_size ${formatSize(2 * one)}`);
  if (settings.tempNode && settings.temp < one)
    editor.replaceHead(settings.tempNode, `${family}_temp_file_write_size ${formatSize(2 * one)}`);
  const fix = editor.fix(`set ${family}_buffers ${value}`);
  return fix ? [fix] : [];
}

import { plainEntry } from '../config/connection-reuse.ts';
import { effective } from '../config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import type { Proxied } from '../config/proxied.ts';
import { requestHeaders } from '../config/request-headers.ts';
import type { Editor } from './editing.ts';

/**
 * Edits of what proxy_pass sends, for several locations in one fix. One own proxy_set_header drops all inherited ones:
 * a header that is missing goes to the server that owns the list, and where an outer level owns it the list is
 * repeated.
 */
export class HeaderEdits {
  private readonly done = new Set<string>();

  constructor(
    private readonly model: ConfigModel,
    private readonly editor: Editor,
  ) {}

  /** Sets HTTP/1.1 and headers, each by its name and its value as it is to be written. */
  send(target: Proxied, http11: boolean, headers: readonly (readonly [name: string, value: string])[]): void {
    const level = [target.block, ...target.block.ancestors()].find((block) => block.name === 'location');
    if (!level) return;
    const behindPass: string[] = [];
    if (http11) {
      const version = effective(this.model, 'proxy_http_version', level).nodes[0];
      if (!version) behindPass.push('proxy_http_version 1.1;');
      else if (version.arg(0) === '1.0' && this.once(version))
        this.editor.replaceHead(version, 'proxy_http_version 1.1');
    }
    const list = effective(this.model, 'proxy_set_header', level);
    const set = requestHeaders(this.model, level);
    const missing: string[] = [];
    for (const [name, value] of headers) {
      const line = set.get(name.toLowerCase());
      if (!line) missing.push(`proxy_set_header ${name} ${value};`);
      else if (this.once(line)) this.editor.replaceWord(line, line.directive.args[1]!, value);
    }
    const last = list.nodes.at(-1);
    if (missing.length > 0 && last) {
      const owner = list.inherited ? list.level : level;
      const isNear = owner?.name !== 'http' && owner?.file === level.file && last.file === level.file;
      if (isNear) {
        if (this.once(last)) this.editor.insertAfter(last, missing);
        missing.length = 0;
      } else if (list.inherited) missing.unshift(...list.nodes.map((node) => `${node.text};`));
    }
    const lines = [...behindPass, ...missing];
    if (lines.length === 0 || !this.once(level)) return;
    this.editor.insertForPass(target.pass, lines);
  }

  /** Lets a map of $http_upgrade give nothing for a request without Upgrade. */
  clearPlainValue(map: ConfigNode): void {
    if (!this.once(map)) return;
    const entry = plainEntry(map);
    if (entry) this.editor.replaceWord(entry, entry.directive.args[0]!, "''");
    else if (map.children.at(-1)) this.editor.insertAfter(map.children.at(-1)!, ["'' '';"]);
  }

  /** Whether a line is met for the first time: a snippet's lines stand in many places. */
  private once(node: ConfigNode): boolean {
    const key = `${node.file} ${node.at}`;
    if (this.done.has(key)) return false;
    this.done.add(key);
    return true;
  }
}

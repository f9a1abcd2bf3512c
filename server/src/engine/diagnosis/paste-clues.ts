import { compareVersions } from '../config/compare-versions.ts';
import { type ComposeService, readServices } from '../config/compose-services.ts';
import { imageVersion, type VersionSource } from '../config/version.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import { type Handle, readCommand } from './typed-commands.ts';

/** Characters of lines that nobody knows, kept in case that they are a compose file. */
const KEPT = 65_536;
/** Commands and names that are remembered. */
const MAX_SEEN = 100;
/** A longer line is no command, no table and no header. */
const MAX_LINE = 600;

interface SeenVersion extends VersionSource {
  /** How directly it speaks of the nginx that wrote the log. */
  readonly rank: number;
}

const NAMED = /nginx version: ((?:nginx|openresty|angie)\/(\d{1,3}\.\d{1,3}(?:\.\d{1,3})?))/;
const STARTED = /^((?:nginx|openresty)\/(\d{1,3}\.\d{1,3}\.\d{1,3}))(?:\.\d{1,3})?(?: \([^)]{1,60}\))?$/;
const HEADER = /^[<\s]{0,4}server: ((?:nginx|openresty)\/(\d{1,3}\.\d{1,3}\.\d{1,3}))/i;
const PAGE =
  /^\s{0,20}(?:<hr>)?(?:<center>)?((?:nginx|openresty)\/(\d{1,3}\.\d{1,3}\.\d{1,3}))(?:\.\d{1,3})?(?: \([^)]{1,60}\))?(?:<\/center>)?\s{0,20}$/;
/** A row of `docker ps`: an id, an image of nginx, the name at the end. */
const PS_ROW = /^[0-9a-f]{12}\s{1,20}(\S{0,200}(?:nginx|openresty)\S{0,100})\s/;
const UNIT = /(?:^[●×○*] |systemd\[\d{1,9}\]: )([A-Za-z0-9][\w@.-]{0,100})\.service\b/;

/** What the lines around nginx's own tell of the machine: commands that were typed, names, versions. */
export class PasteClues {
  private text = '';
  private readonly commands: { readonly line: number; readonly handle: Handle }[] = [];
  private readonly versions: SeenVersion[] = [];
  private readonly units = new Set<string>();
  private services: readonly ComposeService[] | null = null;

  /** A line that is neither nginx's nor another program's. */
  unrecognised(number: number, line: string): void {
    if (this.text.length < KEPT) this.text += `${line.slice(0, KEPT - this.text.length)}\n`;
    if (line.length > MAX_LINE) return;
    if (this.commands.length < MAX_SEEN) {
      const handle = readCommand(line) ?? ofTable(line);
      if (handle) this.commands.push({ line: number, handle });
    }
    const unit = UNIT.exec(line)?.[1];
    if (unit !== undefined && this.units.size < MAX_SEEN) this.units.add(unit);
    const named = NAMED.exec(line);
    if (named) this.saw(4, named[2]!, `"${named[0]}"`);
    const image = imageVersion(line);
    if (image) this.saw(2, image, `the image tag in "${line.trim().slice(0, 60)}"`);
    const header = HEADER.exec(line);
    if (header) this.saw(1, header[2]!, `"${header[1]}" in a Server header`);
    const page = header || named ? null : PAGE.exec(line);
    if (page) this.saw(1, page[2]!, `"${page[1]}" in an error page`);
  }

  /** A line of nginx: at its start it says which release it is. */
  entry({ level, message }: LogEntry): void {
    const started = level === 'notice' ? STARTED.exec(message) : null;
    if (started) this.saw(3, started[2]!, `the start-up line "${started[1]}"`);
  }

  private saw(rank: number, value: string, what: string): void {
    if (compareVersions(value, '0.5') < 0) return;
    // Of one kind the last is kept where nginx itself says it; pages may be of different machines.
    const old = this.versions.findIndex((seen) => seen.rank === rank);
    const seen = { rank, value, from: `${what} in what was pasted` };
    if (old < 0) this.versions.push(seen);
    else if (rank === 3) this.versions[old] = seen;
    else if (this.versions[old]!.value !== value) this.versions[old] = { ...seen, value: '' };
  }

  /** The release that the texts name; null where none does, or where they name several. */
  version(): VersionSource | null {
    const best = [...this.versions].filter(({ value }) => value !== '').sort((a, b) => b.rank - a.rank)[0];
    return best ? { value: best.value, from: best.from } : null;
  }

  /** The command that printed a line of nginx: the nearest one above, else the only one. */
  handleAbove(line: number): Handle | null {
    const above = this.commands.findLast((command) => command.line < line);
    return above?.handle ?? (this.commands.length === 1 ? this.commands[0]!.handle : null);
  }

  /** Services of a compose file that was pasted. */
  composeServices(): readonly ComposeService[] {
    this.services ??= /^services:/m.test(this.text) ? readServices(this.text, 'the pasted compose file') : [];
    return this.services;
  }

  /** The one unit of systemd, nginx's left out, that the paste speaks of. */
  otherUnit(): string | null {
    const others = [...this.units].filter((unit) => !/^(?:nginx|openresty|angie)$/.test(unit));
    return others.length === 1 ? others[0]! : null;
  }
}

function ofTable(line: string): Handle | null {
  if (!PS_ROW.test(line)) return null;
  const name = line.trimEnd().split(/\s/).at(-1)!;
  return /^[A-Za-z0-9][\w.-]{0,127}$/.test(name) ? { kind: 'docker', container: name, partial: false } : null;
}

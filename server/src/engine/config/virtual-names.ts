import type { ConfigNode } from './model.ts';
import { type Captures, searchPattern } from './pcre.ts';
import { asciiLower } from './request-line.ts';

/** How a name was found. */
export interface NameMatch {
  readonly server: ConfigNode;
  /** As it stands in server_name. */
  readonly name: string;
  readonly kind: 'exact' | 'suffix' | 'prefix' | 'regex';
  readonly captures: Captures | null;
}

interface Entry {
  readonly server: ConfigNode;
  readonly name: string;
  /** `.example.com` is also the name itself. */
  readonly self: boolean;
}

interface Pattern {
  readonly server: ConfigNode;
  readonly name: string;
  readonly pattern: string;
  readonly ignoreCase: boolean;
}

/** Names of a server as written; nginx's default is one empty name. */
export function serverNames(server: ConfigNode): readonly string[] {
  const names = server.all('server_name').flatMap((node) => node.args);
  return names.length === 0 ? [''] : names;
}

/**
 * The server names of one address, for look-up as nginx does it: exact, longest `*.suffix`, longest `prefix.*`, first
 * regular expression (ngx_http_server_names in src/http/ngx_http.c, ngx_hash_add_key and ngx_hash_find_combined in
 * src/core/ngx_hash.c). The first definition of a name wins.
 */
export class VirtualNames {
  private readonly exact = new Map<string, Entry>();
  private readonly heads = new Map<string, Entry>();
  private readonly tails = new Map<string, Entry>();
  private readonly patterns: Pattern[] = [];
  /** Exact names and those of `.example.com`, which exclude each other. */
  private readonly taken = new Set<string>();
  /** A pattern could not be evaluated; names behind it may be wrong. */
  uncertain: string | null = null;

  constructor(servers: readonly ConfigNode[]) {
    for (const server of servers) for (const name of serverNames(server)) this.add(server, name);
  }

  private add(server: ConfigNode, written: string): void {
    if (written.startsWith('~')) {
      const pattern = written.slice(1);
      this.patterns.push({ server, name: written, pattern, ignoreCase: /[A-Z]/.test(pattern) });
      return;
    }
    const name = asciiLower(written);
    if (name.length > 1 && name.startsWith('.')) {
      if (this.taken.has(name.slice(1))) return;
      this.taken.add(name.slice(1));
      this.wildcard(this.heads, name.slice(1), { server, name: written, self: true });
    } else if (name.length > 2 && name.startsWith('*.'))
      this.wildcard(this.heads, name.slice(2), { server, name: written, self: false });
    else if (name.length > 2 && name.endsWith('.*'))
      this.wildcard(this.tails, name.slice(0, -2), { server, name: written, self: false });
    else if (!this.taken.has(name)) {
      this.taken.add(name);
      this.exact.set(name, { server, name: written, self: true });
    }
  }

  private wildcard(into: Map<string, Entry>, key: string, entry: Entry): void {
    if (!into.has(key)) into.set(key, entry);
  }

  /** The server of a name (lower case, no port); null when no server_name covers it. */
  find(name: string): NameMatch | null {
    const exact = this.exact.get(name);
    if (exact) return { ...exact, kind: 'exact', captures: null };
    if (name === '') return null;
    const self = this.heads.get(name);
    if (self?.self) return { ...self, kind: 'exact', captures: null };
    if (this.heads.size > 0) {
      for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
        const head = this.heads.get(name.slice(dot + 1));
        if (head) return { ...head, kind: 'suffix', captures: null };
      }
    }
    if (this.tails.size > 0) {
      for (let dot = name.lastIndexOf('.'); dot >= 0; dot = dot === 0 ? -1 : name.lastIndexOf('.', dot - 1)) {
        const tail = this.tails.get(name.slice(0, dot));
        if (tail) return { ...tail, kind: 'prefix', captures: null };
      }
    }
    for (const { server, name: written, pattern, ignoreCase } of this.patterns) {
      const captures = searchPattern(pattern, name, ignoreCase);
      if (captures === 'unknown') this.uncertain ??= written;
      else if (captures) return { server, name: written, kind: 'regex', captures };
    }
    return null;
  }
}

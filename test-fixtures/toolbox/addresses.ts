/**
 * Fixtures have realistic fixed addresses in their files, and run in parallel on one machine all the same: each has
 * a lane of its own, a /24 network of 127.0.0.0/8. Linux binds all of it without configuration.
 */

const LANES_PER_NETWORK = 250;
/** 127.100.x to 127.255.x. */
const LANES = 156 * LANES_PER_NETWORK;

/** `127.100.1.` for lane 0. Throws for a lane that does not exist. */
function networkOf(lane: number): string {
  if (!Number.isInteger(lane) || lane < 0 || lane >= LANES) throw new Error(`no such lane: ${lane}`);
  return `127.${100 + Math.floor(lane / LANES_PER_NETWORK)}.${1 + (lane % LANES_PER_NETWORK)}.`;
}

// Not inside a longer number, name or version: "1.127.0.0.1", "127.0.0.10.example.test".
const address = (network: string) =>
  new RegExp(`(?<![\\w.])${network.replaceAll('.', '\\.')}(\\d{1,3})(?!\\w|\\.\\w)`, 'g');
const HOME = '127.0.0.';

/**
 * Moves a configuration, an address or a JSON text into a lane: every `127.0.0.X` becomes `127.<a>.<b>.X`, and every
 * unix socket path behind `unix:` goes below `tmp`. Lines stay lines; columns move. Left alone: networks that hold the
 * lane anyway (`127.0.0.0/8`), and addresses spelled as regular expressions.
 */
export function mapAddresses(text: string, lane: number, tmp: string): string {
  const network = networkOf(lane);
  return text
    .replace(address(HOME), (whole, last: string, at: number) => {
      const behind = text.slice(at + whole.length, at + whole.length + 4);
      const prefix = /^\/(\d{1,2})(?!\w)/.exec(behind);
      const isNetwork = prefix !== null && text.slice(at - 2, at) !== '//' && Number(prefix[1]) < 24;
      return isNetwork ? whole : network + last;
    })
    .replace(/(?<!\w)unix:(?=\/)/g, (whole, at: number, all: string) =>
      all.startsWith(`${tmp}/`, at + whole.length) ? whole : whole + tmp,
    );
}

/**
 * Takes a text out of its lane: the reverse of `mapAddresses`. Other paths below `tmp` get the names they would have
 * on a server: the configuration is in `/etc/nginx/`, all else below `/`.
 */
export function unmap(text: string, lane: number, tmp: string): string {
  return text
    .replace(address(networkOf(lane)), `${HOME}$1`)
    .replaceAll(`unix:${tmp}/`, 'unix:/')
    .replaceAll(`${tmp}/run/`, '/etc/nginx/')
    .replaceAll(`${tmp}/conf/`, '/etc/nginx/')
    .replaceAll(`${tmp}/`, '/');
}

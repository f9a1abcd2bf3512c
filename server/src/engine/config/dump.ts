/**
 * The output of `nginx -T`: every file of a configuration behind a line `# configuration file PATH:` (ngx_cycle.c,
 * main in nginx.c). People paste it with their prompt and other words around it.
 */
export interface DumpedFile {
  readonly path: string;
  readonly text: string;
}

const MARKER = /^# configuration file (\/[^\n]*):\r?$/;

/** Files of a dump in order; null when the text is none. */
export function readDump(text: string): DumpedFile[] | null {
  if (!text.includes('# configuration file /')) return null;
  const files: { path: string; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    const marker = MARKER.exec(line);
    if (marker) files.push({ path: marker[1]!, lines: [] });
    else files.at(-1)?.lines.push(line);
  }
  if (files.length === 0) return null;
  const last = files.at(-1)!;
  while (last.lines.length > 0 && (last.lines.at(-1)!.trim() === '' || isPrompt(last.lines.at(-1)!)))
    last.lines.pop();
  const seen = new Set<string>();
  return files
    .filter((file) => !seen.has(file.path) && seen.add(file.path))
    .map((file) => ({ path: file.path, text: `${file.lines.join('\n').replace(/\n+$/, '')}\n` }));
}

/** A shell's prompt, with or without the next command behind it. */
function isPrompt(line: string): boolean {
  // No prompt is longer, and the pattern below would take long over a longer one.
  if (line.length > 300) return false;
  return (
    /^(?:\[?[\w.-]+@[\w.-]+[^;{}]*[#$%>]|[#$%>])(?: .*)?$/.test(line.trim()) && !line.trim().startsWith('# ')
  );
}

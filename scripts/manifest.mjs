// The parts of the extension's manifest that follow the program, and the parts of its README that follow the manifest.

/** What the findings are that no failure mode stands for. */
const GENERAL_TITLES = {
  syntax: 'nginx cannot read this',
  'missing-semicolon': 'A directive does not end',
  'unclosed-block': 'A block is not closed',
  'unexpected-brace': 'A brace has no partner',
  'unterminated-string': 'A quoted string does not end',
  'token-too-long': 'A word is longer than nginx reads',
  'unknown-directive': 'nginx does not know this directive',
  'directive-not-allowed-here': 'A directive stands where nginx does not allow it',
  'wrong-argument-count': 'A directive has too many or too few parameters',
  'invalid-value': 'nginx does not take this value',
  'duplicate-directive': 'A directive stands twice where nginx allows it once',
  'duplicate-location': 'Two locations of a server are the same',
  'unknown-variable': 'nginx does not know this variable',
  'include-not-found': 'An include names a file that does not exist',
  'unused-suppression': 'An ignore comment silences nothing',
  'invalid-suppression': 'An ignore comment has no reason, or names no finding',
};

/** The manifest with every finding's id in nginx502.severity, so that the settings editor offers them. */
export function withFindings(manifest, { failureModes, generalIds }) {
  const result = structuredClone(manifest);
  const severity = result.contributes.configuration.properties['nginx502.severity'];
  const titles = new Map(failureModes.filter((mode) => mode.detect).map((mode) => [mode.id, mode.title]));
  for (const id of generalIds) {
    if (!GENERAL_TITLES[id]) throw new Error(`Give the finding "${id}" a title in scripts/manifest.mjs.`);
    titles.set(id, GENERAL_TITLES[id]);
  }
  const level = severity.additionalProperties;
  severity.properties = Object.fromEntries(
    [...titles].map(([id, description]) => [id, { ...level, description }]),
  );
  return result;
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export function settingsTable(manifest) {
  const rows = Object.entries(manifest.contributes.configuration.properties).map(
    ([name, { default: value, markdownDescription }]) =>
      `| \`${name}\` | \`${cell(JSON.stringify(value))}\` | ${cell(markdownDescription)} |`,
  );
  return `| setting | default | what |\n|---|---|---|\n${rows.join('\n')}\n`;
}

/** What the command palette offers. */
export function commandList(manifest) {
  const hidden = new Set(
    (manifest.contributes.menus?.commandPalette ?? [])
      .filter(({ when }) => when === 'false')
      .map(({ command }) => command),
  );
  return manifest.contributes.commands
    .filter(({ command }) => !hidden.has(command))
    .map(({ category, title }) => `- **${category}: ${title}**\n`)
    .join('');
}

/** Ways in which people maul a line of a log before they paste it. `random` gives numbers from 0 to 1. */
export type Mauling = (line: string, random: () => number) => string;

type Random = () => number;

const pick = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)]!;

const HEAD = /^(?:\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d )?(?:nginx: )?(?:\[[a-z]+\] )?(?:\d+#\d+: )?(?:\*\d+ )?/;
const FIELDS = /, (?:client|server|request|subrequest|upstream|host|referrer): /;
const FIELD = /, (client|server|request|subrequest|upstream|host|referrer): ("[^"]*"?|[^,"]*)/g;
const ERROR = /\((\d{1,3}): ([^()]+)\)/;

/** Where the message begins and ends. */
function message(line: string): { start: number; end: number } {
  const start = HEAD.exec(line)?.[0].length ?? 0;
  const fields = FIELDS.exec(line.slice(start));
  return { start, end: fields === null ? line.length : start + fields.index };
}

function inMessage(line: string, change: (text: string) => string): string {
  const { start, end } = message(line);
  return line.slice(0, start) + change(line.slice(start, end)) + line.slice(end);
}

/** Replaces one match of the pattern, which has the flag g, chosen by chance. */
function replaceOne(
  text: string,
  pattern: RegExp,
  random: Random,
  change: (found: string) => string,
): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { 0: whole, index } = pick(found, random);
  return text.slice(0, index) + change(whole) + text.slice(index + whole.length);
}

const HIDDEN = ['x.x.x.x', '[IP]', '<redacted>', 'xxx', `\${HOST}`, 'my-domain', '***', '<IP>', '1.2.3.xxx'];
const HIDDEN_NAMES = [
  '<redacted>',
  'xxxx.com',
  `\${HOST}`,
  'my-domain',
  '*****',
  '[REDACTED]',
  '<my domain>',
];

const TRANSLATED: readonly Readonly<Record<string, string>>[] = [
  {
    client: '客户端',
    server: '服务器',
    request: '请求',
    upstream: '上游',
    host: '主机',
    referrer: '来源',
    subrequest: '子请求',
  },
  {
    client: 'клиент',
    server: 'сервер',
    request: 'запрос',
    upstream: 'апстрим',
    host: 'хост',
    referrer: 'реферер',
    subrequest: 'подзапрос',
  },
  {
    client: 'cliente',
    server: 'servidor',
    request: 'petición',
    upstream: 'upstream',
    host: 'anfitrión',
    referrer: 'referente',
    subrequest: 'subpetición',
  },
];

const EYE: Readonly<Record<string, string>> = { l: '1', '1': 'l', o: '0', '0': 'O', I: 'l' };

const mistype: Mauling = (text, random) =>
  replaceOne(text, /[a-z]{5,}/g, random, (word) => {
    const at = 1 + Math.floor(random() * (word.length - 2));
    const how = Math.floor(random() * 3);
    if (how === 0) return word.slice(0, at) + word.slice(at + 1);
    if (how === 1) return word.slice(0, at) + word[at] + word.slice(at);
    return word.slice(0, at) + word[at + 1]! + word[at]! + word.slice(at + 2);
  });

const misread: Mauling = (text, random) =>
  replaceOne(text, /[l1o0I]/g, random, (letter) => EYE[letter] ?? letter);

const bare = (line: string): string => {
  const { start, end } = message(line);
  return line.slice(start, end);
};

export const MAULINGS: Readonly<Record<string, Mauling>> = {
  'time removed': (line) => line.replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, ''),
  'head removed': (line) => line.slice(message(line).start),
  'message alone': (line) => bare(line),
  'beginning torn off': (line, random) => {
    const { start, end } = message(line);
    const words = line.slice(start, end).split(' ');
    return words.slice(1 + Math.floor(random() * Math.min(2, words.length - 1))).join(' ') + line.slice(end);
  },
  'end torn off': (line, random) => {
    const { end } = message(line);
    return line.slice(0, end + Math.floor(random() * (line.length - end)));
  },
  'fields elided': (line, random) => {
    const { end } = message(line);
    const left = line.lastIndexOf(', upstream: ');
    const mark = pick([' ... ', ' [...] ', ' <snip> ', ', ...', '…', ' (snip) '], random);
    return line.slice(0, end) + mark + (left > end ? line.slice(left + 2) : '');
  },
  'message elided': (line, random) =>
    inMessage(line, (text) =>
      replaceOne(text, / (?:while .*|\([^()]*\))/g, random, () => pick([' ...', ' (...)', ' […]'], random)),
    ),
  'addresses hidden': (line, random) => {
    const by = pick(HIDDEN, random);
    return line.replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, by).replace(/\[[0-9a-f:]{2,39}\]/g, by);
  },
  'names hidden': (line, random) => {
    const by = pick(HIDDEN_NAMES, random);
    return line.replace(/\b(?:[\w-]+\.)+(?:test|com|org|net|local|example|io|de)\b/g, by);
  },
  'error number removed': (line, random) =>
    line.replace(ERROR, (_, _code, words: string) =>
      pick([`(${words})`, `: ${words}`, `- ${words}`], random),
    ),
  'error words removed': (line, random) =>
    line.replace(ERROR, (_, code: string) => pick([`(${code})`, `(${code}: )`, `(${code}:...)`], random)),
  'upstream removed': (line) => line.replace(/, upstream: "[^"]*"/, ''),
  'one character misread': (line, random) => inMessage(line, (text) => misread(text, random)),
  'three characters misread': (line, random) =>
    [1, 2, 3].reduce((text) => inMessage(text, (part) => misread(part, random)), line),
  'one word mistyped': (line, random) => inMessage(line, (text) => mistype(text, random)),
  'two words mistyped': (line, random) => inMessage(line, (text) => mistype(mistype(text, random), random)),
  'spaces lost': (line, random) =>
    [1, 2].reduce((text) => inMessage(text, (part) => replaceOne(part, / /g, random, () => '')), line),
  'spaces doubled': (line, random) => line.replace(/ /g, () => pick([' ', '  ', '\u00a0', '\t'], random)),
  'colons lost': (line) => line.replaceAll(': ', ' '),
  'commas lost': (line) => line.replaceAll(', ', ' '),
  'brackets lost': (line) => line.replace(/[()[\]]/g, ''),
  'letter case changed': (line, random) =>
    inMessage(line, (text) =>
      pick(
        [
          (t: string) => t.toLowerCase(),
          (t: string) => t.toUpperCase(),
          (t: string) => t.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
        ],
        random,
      )(text),
    ),
  'quotes lost': (line, random) => line.replaceAll('"', pick(['', "'", '`'], random)),
  'in JSON of a log store': (line, random) =>
    pick(
      [
        (t: string) => JSON.stringify({ _index: 'logs-1', _source: { message: t, host: { name: 'web-1' } } }),
        (t: string) => JSON.stringify({ stream: { app: 'web' }, values: [['1736500000000000000', t]] }),
        (t: string) =>
          JSON.stringify({ id: 'AQ', content: { service: 'nginx', message: t, tags: ['env:prod'] } }),
        (t: string) => `level=error ts=1736500000 msg=${JSON.stringify(t)} pod=web-1`,
      ],
      random,
    )(line),
  'in a CSV row': (line, random) => {
    const cell = `"${line.replaceAll('"', '""')}"`;
    return pick(
      [`"Nov 3, 2025 @ 10:11:12.123",web-1,${cell},prod`, `1736500000,${cell}`, `${cell};web-1`],
      random,
    );
  },
  'in a table cell': (line, random) =>
    pick(
      [`| web-1 | ${line} | 12 |`, `|  |\`${line}\`|`, `2025-11-03 10:11:12\tweb-1\t${line}\tprod`],
      random,
    ),
  'in HTML': (line, random) =>
    pick(
      [
        `<p>${line}</p>`,
        `<span class="log">${line}</span><br>`,
        `<td>${line.replaceAll('"', '&quot;')}</td>`,
      ],
      random,
    ),
  'escaped as Markdown': (line) => line.replace(/[[\]#*_()]/g, '\\$&'),
  'stars eaten': (line) => line.replaceAll('*', ''),
  'fields reordered': (line, random) => {
    const { end } = message(line);
    const fields = [...line.slice(end).matchAll(FIELD)].map(([field]) => field);
    for (let i = fields.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [fields[i], fields[j]] = [fields[j]!, fields[i]!];
    }
    return line.slice(0, end) + fields.join('');
  },
  'fields translated': (line, random) => {
    const { end } = message(line);
    const names = pick(TRANSLATED, random);
    const [comma, colon] = pick(
      [
        [', ', ': '],
        ['，', '：'],
      ] as const,
      random,
    );
    return (
      line.slice(0, end) +
      line
        .slice(end)
        .replace(FIELD, (_, name: string, value: string) => `${comma}${names[name]}${colon}${value}`)
    );
  },
  'wide punctuation': (line) => line.replaceAll(', ', '，').replaceAll(': ', '：'),
  'merged with its next': (line, random) =>
    pick([(t: string) => `${t} ${t}`, (t: string) => `${t}${t}`, (t: string) => `${t} / ${t}`], random)(line),
  'quoted in a sentence': (line, random) => {
    const text = bare(line);
    return pick(
      [
        `I keep getting "${text}" in my log, what does it mean?`,
        `After the upgrade '${text}' shows up every few minutes.`,
        `It fails with \`${text}\` and the page is a 502`,
        `错误日志里一直有“${text}”，怎么办？`,
      ],
      random,
    );
  },
  'in a sentence': (line, random) => {
    const text = bare(line);
    return pick(
      [
        `Nginx says ${text} since I upgraded, please help`,
        `and the error is ${text}, any idea?`,
        `log: ${text} - the app itself runs fine`,
        `502 Bad Gateway (${text})`,
      ],
      random,
    );
  },
  'words of a person': (line, random) =>
    inMessage(line, (text) =>
      pick(
        [
          (t: string) => t.replace('while ', 'when '),
          (t: string) =>
            t.replace('to upstream', 'to the upstream').replace('from upstream', 'from the upstream'),
          (t: string) => t.replace('() failed', ' failed').replace('connect() to', 'connect to'),
          (t: string) =>
            t
              .replace(' header from upstream', ' headers from upstream')
              .replace('connecting to upstream', 'connecting upstream'),
          (t: string) => t.replace('() ', '(): '),
          (t: string) =>
            t
              .replace('timed out', 'timedout')
              .replace('prematurely closed connection', 'closed connection prematurely'),
        ],
        random,
      )(text),
    ),
};

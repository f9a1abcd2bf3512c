// Configurations and logs of any length, the same in every run.

/** A sound configuration of about so many lines: servers of ten lines, groups, comments. */
export function configuration(lines) {
  const out = ['events {}', 'http {', '    server_names_hash_max_size 65536;', '    access_log off;'];
  for (let i = 0; out.length < lines - 1; i++) {
    out.push(
      `    upstream app${i} {`,
      `        server 127.0.0.1:${3001 + (i % 1000)} max_fails=3;`,
      '        keepalive 16;',
      '    }',
      '    server { # one of many',
      '        listen 127.0.0.1:8080;',
      `        server_name s${i}.test www.s${i}.test;`,
      `        location /${i}/ {`,
      '            proxy_http_version 1.1;',
      '            proxy_set_header Connection "";',
      '            proxy_set_header Host $host;',
      `            proxy_pass http://app${i};`,
      '        }',
      `        location ~ ^/files/(.*)\\.txt$ {`,
      '            return 200 "a text of some length, $uri";',
      '        }',
      '    }',
    );
  }
  out.push('}', '');
  return out.join('\n');
}

/** A configuration of so many files with about so many lines in all: file name -> text. */
export function configurationTree(files, lines) {
  const each = configuration(Math.round(lines / files) + 4).split('\n');
  const body = each.slice(4, each.lastIndexOf('}'));
  const tree = {
    'nginx.conf':
      'events {}\nhttp {\n    server_names_hash_max_size 65536;\n    access_log off;\n    include conf.d/*.conf;\n}\n',
  };
  for (let i = 1; i < files; i++) {
    // Names of their own, as those of one file are taken once.
    tree[`conf.d/${i}.conf`] = `${body.join('\n').replace(/(?<=app|s)(?=\d+[;. ])/g, `${i}x`)}\n`;
  }
  return tree;
}

/** Lines of an error log, from one number to another. */
export function logLines(from, to) {
  const out = [];
  for (let i = from; i < to; i++) {
    const clock = new Date(Date.UTC(2026, 0, 31, 3) + i * 10).toISOString().slice(11, 19);
    out.push(
      `2026/01/31 ${clock} [error] 4242#4242: *${i} ${i % 3 === 0 ? 'upstream prematurely closed connection while reading response header from upstream' : 'connect() failed (111: Connection refused) while connecting to upstream'}, client: 127.0.0.${i % 250}, server: s${i % 50}.test, request: "GET /${i % 50}/x?${i} HTTP/1.1", upstream: "http://127.0.0.1:${3001 + (i % 50)}/${i % 50}/x?${i}", host: "s${i % 50}.test"\n`,
    );
  }
  return out.join('');
}

/** Numbers below `limit` that look random and are the same in every run. */
export function numbers(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** The sample below which so many of a hundred lie. */
export function percentile(samples, percent) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)];
}

export const median = (samples) => percentile(samples, 50);

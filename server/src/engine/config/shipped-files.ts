import { basename } from './paths.ts';

/** Parameters of fastcgi_params, uwsgi_params and scgi_params alike. */
const COMMON = [
  'QUERY_STRING $query_string',
  'REQUEST_METHOD $request_method',
  'CONTENT_TYPE $content_type',
  'REQUEST_URI $request_uri',
  'DOCUMENT_ROOT $document_root',
  'SERVER_PROTOCOL $server_protocol',
  'REQUEST_SCHEME $scheme',
  'HTTPS $https if_not_empty',
  'REMOTE_ADDR $remote_addr',
  'REMOTE_PORT $remote_port',
  'SERVER_PORT $server_port',
  'SERVER_NAME $server_name',
];

const FASTCGI = [
  ...COMMON,
  'CONTENT_LENGTH $content_length',
  'SCRIPT_NAME $fastcgi_script_name',
  'DOCUMENT_URI $document_uri',
  'GATEWAY_INTERFACE CGI/1.1',
  'SERVER_SOFTWARE nginx/$nginx_version',
  'SERVER_ADDR $server_addr',
  'REDIRECT_STATUS 200',
];

function paramLines(directive: string, params: readonly string[]): string {
  return params.map((param) => `${directive} ${param};\n`).join('');
}

/**
 * Files that nginx's packages put beside nginx.conf. A repository that holds only its own nginx.conf includes them
 * without having them, so they are taken as shipped. What they set matters only where a rule could ask for it.
 */
const SHIPPED = new Map<string, string>([
  ['mime.types', ''],
  ['fastcgi_params', paramLines('fastcgi_param', FASTCGI)],
  [
    'fastcgi.conf',
    paramLines('fastcgi_param', ['SCRIPT_FILENAME $document_root$fastcgi_script_name', ...FASTCGI]),
  ],
  [
    'uwsgi_params',
    paramLines('uwsgi_param', [...COMMON, 'CONTENT_LENGTH $content_length', 'PATH_INFO $document_uri']),
  ],
  ['scgi_params', paramLines('scgi_param', [...COMMON, 'DOCUMENT_URI $document_uri', 'SCGI 1'])],
  [
    'proxy_params',
    [
      'proxy_set_header Host $host;',
      'proxy_set_header X-Real-IP $remote_addr;',
      'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
      'proxy_set_header X-Forwarded-Proto $scheme;',
      '',
    ].join('\n'),
  ],
  ['koi-utf', ''],
  ['koi-win', ''],
  ['win-utf', ''],
  [
    'snippets/fastcgi-php.conf',
    [
      'fastcgi_split_path_info ^(.+?\\.php)(/.*)$;',
      'try_files $fastcgi_script_name =404;',
      'set $path_info $fastcgi_path_info;',
      'fastcgi_param PATH_INFO $path_info;',
      'fastcgi_index index.php;',
      'include fastcgi.conf;',
      '',
    ].join('\n'),
  ],
  ['snippets/snakeoil.conf', ''],
  ['naxsi_core.rules', ''],
]);

/** Text of a shipped file by the name it is included with, or null when packages ship no such file. */
export function shippedFile(path: string): string | null {
  const name = basename(path);
  const inSnippets = path.endsWith(`/snippets/${name}`) ? SHIPPED.get(`snippets/${name}`) : undefined;
  return inSnippets ?? SHIPPED.get(name) ?? null;
}

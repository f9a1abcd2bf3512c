import type { System } from '../errorlog/errno.ts';

/** How other systems than Linux ask the same: `$1` and so on are what the pattern took from the command. */
const NATIVE: readonly {
  readonly linux: RegExp;
  readonly windows: string;
  readonly bsd: string;
}[] = [
  {
    linux: /^ss -ltnp? 'sport = :(\d{1,5})'$/,
    windows: 'netstat -ano | findstr ":$1 "',
    bsd: 'lsof -nP -iTCP:$1 -sTCP:LISTEN',
  },
  { linux: /^ss -ltnp$/, windows: 'netstat -ano -p TCP', bsd: 'lsof -nP -iTCP -sTCP:LISTEN' },
  { linux: /^getent ahosts (\S+)$/, windows: 'nslookup $1', bsd: 'host $1' },
  { linux: /^ip route get (\S+)$/, windows: 'tracert -d -h 5 $1', bsd: 'route -n get $1' },
  { linux: /^ping -c 3 -W 2 (\S+)$/, windows: 'ping -n 3 $1', bsd: 'ping -c 3 $1' },
];

/** The command as that system knows it; as it is where all know it, or none has its like. */
export function nativeCommand(run: string, system: System): string {
  for (const { linux, ...others } of NATIVE) {
    if (linux.test(run)) return run.replace(linux, others[system]);
  }
  return run;
}

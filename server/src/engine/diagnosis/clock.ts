const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * Seconds on the machine's own clock, for distances between lines of one machine: `2026/01/31 03:00:00` of nginx's
 * error log, `31/Jan/2026:03:00:00 +0000` of its access log, `31-Jan-2026 03:00:00` of php-fpm. The zone is left out:
 * all of them write local time.
 */
export function secondsOf(time: string | null): number | null {
  const match =
    time === null
      ? null
      : (/^(?<year>\d{4})[/-](?<month>\d{2})[/-](?<day>\d{2})[ T](?<clock>\d{2}:\d{2}:\d{2})/.exec(time) ??
        /^(?<day>\d{2})[/-](?<month>[A-Z][a-z]{2})[/-](?<year>\d{4})[: ](?<clock>\d{2}:\d{2}:\d{2})/.exec(
          time,
        ));
  if (!match?.groups) return null;
  const { year, month, day, clock } = match.groups as Record<'year' | 'month' | 'day' | 'clock', string>;
  const number = /^\d/.test(month) ? Number(month) - 1 : MONTHS.indexOf(month);
  const [hours, minutes, seconds] = clock.split(':').map(Number);
  const at = Date.UTC(Number(year), number, Number(day), hours, minutes, seconds) / 1000;
  return Number.isFinite(at) && number >= 0 ? at : null;
}

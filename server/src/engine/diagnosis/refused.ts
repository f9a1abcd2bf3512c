import type { ConfigModel } from '../config/model.ts';
import type { ConfirmingCommand, Fix } from '../contract.ts';
import { causesOf } from '../errorlog/message.ts';
import type { Detection } from '../failures/failure-mode.ts';
import type { Case, Weight } from './case.ts';
import { onNginx } from './commands.ts';

/** What helps while nginx refuses its configuration. */
export const KEEP_RUNNING =
  'do not restart nginx: as long as it runs, it serves with the last configuration that loaded';
/** How a cure of what nginx refuses takes effect. */
export const LOADS = 'nginx -t, then nginx -s reload (or start nginx, if it is not running)';
/** What a configuration that does not load strikes. */
export const WHOLE_START = 'the start or reload as a whole';

type Detect = (model: ConfigModel) => readonly Detection[];

/** What a mode finds on the line that nginx names; where it names none, all that it finds. */
function foundThere(detect: Detect, { model, places }: Case): readonly Detection[] {
  if (!model) return [];
  const found = detect(model);
  const place = places[0];
  if (!place) return found;
  const there = found.filter(
    ({ node, related }) =>
      (node.file === place.node.file && node.at === place.node.at) ||
      related.some(
        ({ file, range }) =>
          file === place.node.file && range.start.line === place.node.site.range.start.line,
      ),
  );
  return there.length > 0 ? there : found;
}

/** Evidence for a mode that nginx itself names at the start: the configuration shows it, or nothing is known. */
export function weighRefusal(detect: Detect, failure: Case): Weight | null {
  if (!failure.model) {
    const alone = causesOf(failure.matched.kind, failure.entry).length === 1;
    return alone
      ? {
          certainty: 'certain',
          because: ['nginx itself says so: it refuses the configuration for this'],
          against: [],
        }
      : { certainty: 'possible', because: [], against: [] };
  }
  const [first] = foundThere(detect, failure);
  return first ? { certainty: 'certain', because: [first.message], against: [] } : null;
}

/** The fixes of what a mode finds there. */
export function fixesOfRefusal(detect: Detect, failure: Case): readonly Fix[] {
  return foundThere(detect, failure)[0]?.fixes ?? [];
}

/** nginx's own test of a configuration. */
export function testConfiguration(failure: Case): ConfirmingCommand[] {
  return [
    {
      run: 'nginx -t',
      where: onNginx(failure),
      expect:
        '"test is successful": nginx takes the configuration now. It reads the files and changes nothing.',
    },
  ];
}

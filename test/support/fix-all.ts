import type { ConfigModel } from '../../server/src/engine/config/model.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { modelOf } from './engine.ts';
import { withFixes } from './fixture.ts';

/**
 * Applies the preferred fix of every finding of one id, one after the other, each worked out anew: what a person
 * does who clicks every lightbulb. `choice` fixes included.
 */
export async function fixAll(
  main: string,
  id: string,
): Promise<{ texts: Map<string, string>; model: ConfigModel }> {
  const texts = new Map<string, string>();
  let model = await modelOf(main);
  for (let round = 0; round < 20; round++) {
    const fix = check(model).findings.find((finding) => finding.id === id && finding.fixes.length > 0)
      ?.fixes[0];
    if (!fix) return { texts, model };
    for (const [file, text] of withFixes([fix], (name) => model.snapshot.files.get(name)!.text))
      texts.set(file, text);
    model = await modelOf(main, texts);
  }
  throw new Error(`the fixes of ${id} do not come to an end`);
}

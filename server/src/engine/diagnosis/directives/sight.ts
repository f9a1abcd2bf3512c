import { directiveFacts, thirdParty } from '../../config/directive-facts.ts';
import type { ConfigModel } from '../../config/model.ts';

/** Signs that more is at work than nginx's own modules. */
export interface Sight {
  /** `load_module` stands here. */
  readonly modules: boolean;
  /** A folder of modules is included, as Debian does, whatever is in it. */
  readonly mayLoadModules: boolean;
  /** Directives of OpenResty, another fork or a module outside nginx's source stand here. */
  readonly foreign: boolean;
}

/** Looks once over all names. */
export function lookAround(model: ConfigModel): Sight {
  let modules = false;
  let mayLoadModules = false;
  const foreignNames = new Map<string, boolean>();
  for (const node of model.nodes) {
    const { name, directive, context } = node;
    if (directive.lua) foreignNames.set(name, true);
    if (context === 'data' || foreignNames.has(name)) continue;
    if (name === 'load_module') modules = true;
    if (name === 'include' && /modules/.test(directive.args[0]?.value ?? '')) mayLoadModules = true;
    foreignNames.set(name, directiveFacts(name).length === 0 && thirdParty(name) !== null);
  }
  return { modules, mayLoadModules, foreign: [...foreignNames.values()].includes(true) };
}

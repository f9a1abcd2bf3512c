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

const LUA = /_by_lua_block$/;

/** What the names of all directives tell. */
export function lookAround(model: ConfigModel): Sight {
  let foreign = false;
  for (const name of model.names) {
    foreign ||= directiveFacts(name).length === 0 && thirdParty(name) !== null;
    foreign ||= LUA.test(name) && model.named(name).some(({ directive }) => directive.lua !== null);
  }
  return {
    modules: model.has('load_module'),
    mayLoadModules: model.named('include').some((node) => /modules/.test(node.arg(0) ?? '')),
    foreign,
  };
}

// Operators of the user's own code.
import { isOperators, type Operators } from "../../../operators/mod.ts";
import { loadSet, moduleUrl } from "./load_module.ts";

/** Where operators are looked for when nobody says where. */
export const OPERATORS_FILE = "operators.ts";

/**
 * Imports a module of the user's and gives the set that it exports as `operators`. The module is named by whoever runs
 * the command, or by a configuration on this disk: never by what is stored.
 *
 * @param file a path or `file:` URL
 * @param options `cwd`: what a relative path begins at
 * @throws {RegistryError} as {@linkcode loadModule}; `Invalid` where it exports no set
 */
export async function loadOperators(file: string, { cwd }: { cwd: string }): Promise<Operators> {
  const missing =
    "Write one that has: export const operators = createOperators(), or name yours: --operators FILE";
  return await loadSet(file, {
    cwd,
    what: "operators",
    missing,
    isSet: isOperators,
    maker: ["createOperators", "operators"],
  });
}

/** The `file:` URL of such a module. */
export function operatorsUrl(file: string, { cwd }: { cwd: string }): string {
  return moduleUrl(file, { cwd, what: "operators" });
}

// Modules with operators and engines of the user's own code.
import { loadSet } from "../../apps/cli/extending.ts";
import type { Lookup } from "../../backends/mod.ts";
import { createEngines, type EngineDriver } from "../engines/mod.ts";
import type { Operators } from "../mod.ts";
import { isOperators } from "../operator_set.ts";

export const OPERATORS_FILE = "operators.ts";

/** Imports a module and returns its export `operators`; see {@linkcode loadSet}. */
export async function loadOperators(file: string, { cwd }: { cwd: string }): Promise<Operators> {
  return await loadSet(file, {
    cwd,
    what: "operators",
    name: "operators",
    missing: "Write one with: export const operators = createOperators(), or pass --operators FILE",
    isSet: isOperators,
    maker: ["createOperators", "operators"],
  });
}

/** Imports a module and returns its export `engines`. @default the built-in engines */
export async function loadEngines(
  file: string,
  { cwd }: { cwd: string },
): Promise<Lookup<EngineDriver>> {
  return await loadSet(file, {
    cwd,
    what: "engines",
    name: "engines",
    missing: "Pass --operators FILE.",
    isSet: (value) => typeof (value as Partial<Lookup<unknown>> | undefined)?.find === "function",
    maker: ["createEngines", "operators"],
    otherwise: createEngines,
  });
}

// The variables that a child process inherits.
import type { System } from "../../core/system.ts";

/** All variables of this process; none where not all may be read. */
export function ownVariables(system: System): Record<string, string> {
  return Object.fromEntries(
    (system.envNames?.() ?? []).map((name) => [name, system.env(name) ?? ""]),
  );
}

// The variables that a child process inherits.
import type { System } from "../../core/system.ts";

export function ownVariables(system: System): Record<string, string> {
  return Object.fromEntries(
    (system.envNames?.() ?? []).map((name) => [name, system.env(name) ?? ""]),
  );
}

// Systems with more or fewer variables than the environment of this process.
import type { System } from "../../mod.ts";
import { deleteVariable, realSystem } from "../../core/kernel.ts";

/** Moves variables from the environment of this process to the returned system. */
export function takeVariables(system: System, names: Iterable<string>): System {
  const taken = new Map<string, string>();
  for (const name of names) {
    const value = system.env(name);
    if (value === undefined) continue;
    taken.set(name, value);
    if (system === realSystem) deleteVariable(name);
  }
  return {
    ...otherThanVariables(system),
    env: (name) => taken.get(name) ?? system.env(name),
    envNames: () => [...new Set([...system.envNames?.() ?? [], ...taken.keys()])],
  };
}

/** Returns a system without these variables. The environment of this process stays as it is. */
export function withoutVariables(system: System, names: ReadonlySet<string>): System {
  return {
    ...otherThanVariables(system),
    env: (name) => names.has(name) ? undefined : system.env(name),
    envNames: () => (system.envNames?.() ?? []).filter((name) => !names.has(name)),
  };
}

function otherThanVariables(system: System): Omit<System, "env" | "envNames"> {
  return {
    now: () => system.now(),
    monotonic: () => system.monotonic(),
    random: () => system.random(),
    id: () => system.id(),
    sleep: (ms, signal) => system.sleep(ms, signal),
  };
}

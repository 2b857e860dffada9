// Parts of a step that several processes share: each is a job of its engine.
import { fault, type RegistryError } from "../../core/kernel.ts";
import type { EngineJob, EngineState, EngineStep } from "../contract/engine.ts";

/** Returns the id of a delivery: its name, and its number of parts if there are several. */
export function idOf({ name, shards = 1 }: Pick<EngineStep, "name" | "shards">): string {
  if (!/^[a-z0-9-]{1,120}$/.test(name)) {
    throw refused(`a step as ${JSON.stringify(name)}`, "invalid name", "Use 1 to 120 of a-z 0-9 -");
  }
  return shards === 1 ? name : `${name}.x${shards}`;
}

/** Refuses a step without a command, for engines that execute steps themselves. */
export function checkCommand({ step, command }: Pick<EngineStep, "step" | "command">): void {
  if (command.length > 0) return;
  const hint = "Pass commandFor, which returns the command of a step: this engine executes steps.";
  throw refused(`step ${JSON.stringify(step)}`, "it has no command", hint);
}

export function refused(subject: string, state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "submit", subject, state, hint });
}

export function parseId(id: string): { name: string; shards: number } | undefined {
  const [, name, shards = "1"] = /^([a-z0-9-]{1,120})(?:\.x([1-9][0-9]{0,5}))?$/.exec(id) ?? [];
  return name === undefined ? undefined : { name, shards: Number(shards) };
}

/** Returns the names of all parts of an id: `name.0`, `name.1` …, or the name alone. */
export function partsOf(id: string): string[] {
  const parsed = parseId(id);
  if (parsed === undefined) return [];
  const { name, shards } = parsed;
  return shards === 1 ? [name] : Array.from({ length: shards }, (_, index) => `${name}.${index}`);
}

export type PartState = Pick<EngineJob, "state" | "exitCode" | "reason" | "step">;

/** States of parts, the one that decides the state of the whole first. */
const FIRST: EngineState[] = ["running", "failed", "cancelled", "lost", "waiting", "ended"];

export function wholeOf(id: string, parts: readonly (PartState | undefined)[]): EngineJob {
  const { name } = parseId(id) ?? { name: id };
  const known = parts.map((part): PartState => part ?? { state: "lost" });
  const state = FIRST.find((one) => known.some((part) => part.state === one)) ?? "lost";
  const begun = state === "waiting" && known.some((part) => part.state === "ended");
  const { exitCode, reason, step } = known.find((part) => part.state === state) ?? {};
  return { id, name, state: begun ? "running" : state, step, exitCode, reason };
}

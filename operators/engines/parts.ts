// A step that several processes share: each is a part, a job of its own for what carries it.
import { fault } from "../../core/errors.ts";
import type { EngineJob, EngineState, EngineStep } from "../../core/engine.ts";

/** The id of a delivery: its name, and how many parts it has where that is not one. */
export function idOf({ name, shards = 1 }: Pick<EngineStep, "name" | "shards">): string {
  if (!/^[a-z0-9-]{1,120}$/.test(name)) {
    throw fault({
      code: "Invalid",
      action: "submit a step as",
      subject: JSON.stringify(name),
      state: "that is no name of a delivery",
      hint: "Take 1 to 120 of a-z 0-9 -",
    });
  }
  return shards === 1 ? name : `${name}.x${shards}`;
}

/** Throws `Invalid` where an engine that executes steps itself was not told what. */
export function checkCommand({ step, command }: Pick<EngineStep, "step" | "command">): void {
  if (command.length > 0) return;
  throw fault({
    code: "Invalid",
    action: "submit step",
    subject: JSON.stringify(step),
    state: "it has no command",
    hint:
      "This engine executes steps itself: pass commandFor, which says what is executed for a step.",
  });
}

/** Name and parts of an id; undefined for what is none. */
export function parseId(id: string): { name: string; shards: number } | undefined {
  const [, name, shards = "1"] = /^([a-z0-9-]{1,120})(?:\.x([1-9][0-9]{0,5}))?$/.exec(id) ?? [];
  return name === undefined ? undefined : { name, shards: Number(shards) };
}

/** The names of all parts of an id: `name.0`, `name.1` …, or the name alone. */
export function partsOf(id: string): string[] {
  const parsed = parseId(id);
  if (parsed === undefined) return [];
  const { name, shards } = parsed;
  return shards === 1 ? [name] : Array.from({ length: shards }, (_, index) => `${name}.${index}`);
}

export type PartState = Pick<EngineJob, "state" | "exitCode" | "reason" | "step">;

const FIRST: readonly EngineState[] = [
  "running",
  "failed",
  "cancelled",
  "lost",
  "waiting",
  "ended",
];

export function wholeOf(id: string, parts: readonly (PartState | undefined)[]): EngineJob {
  const { name } = parseId(id) ?? { name: id };
  const known = parts.map((part): PartState => part ?? { state: "lost" });
  const state = FIRST.find((one) => known.some((part) => part.state === one)) ?? "lost";
  const begun = state === "waiting" && known.some((part) => part.state === "ended");
  const { exitCode, reason, step } = known.find((part) => part.state === state) ?? {};
  return {
    id,
    name,
    state: begun ? "running" : state,
    ...(step === undefined ? {} : { step }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason }),
  };
}

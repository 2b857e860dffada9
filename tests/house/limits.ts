// The limit of a measure: its goal, or what limits.json states for a goal that is not reached yet.
import stated from "./limits.json" with { type: "json" };
import type { Measure } from "./measures.ts";

/** The factor by which a measure may exceed its last value, until a release restates it. */
const SLACK = 1.02;

export type Limits = Readonly<Record<string, number>>;

export function limitOf(
  { name, goal }: Pick<Measure, "name" | "goal">,
  limits: Limits = stated,
): number {
  return Math.max(goal, limits[name] ?? goal);
}

/** Returns the limits for today's values: those of the goals that are missed. */
export function restated(measured: readonly Measure[]): Limits {
  return Object.fromEntries(
    measured.filter(({ value, goal }) => value > goal).map(({ name, value }) => [
      name,
      Number.isInteger(value) ? Math.floor(value * SLACK) : Math.ceil(value * SLACK * 10) / 10,
    ]),
  );
}

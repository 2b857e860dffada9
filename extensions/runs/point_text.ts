// A point of a run as a line of JSON. What JSON cannot keep exactly is refused.
import { described, invalid, METRIC_LIMITS, type RegistryError, shown } from "../../core/kernel.ts";
import type { RunValues } from "./run.ts";
import { isPlainObject } from "../../core/text/plain_value.ts";

/** The names of the step and the time that each point has. They are left out of metrics. */
export const STEP = "step", TIME = "_time";

const { depth: MAX_DEPTH, characters: MAX_STRING } = METRIC_LIMITS;
const MAX_LINE = 1024 * 1024;

interface PointContext {
  /** The step of a point without one, and the seconds since the run began. */
  next: { step: number; seconds: number };
  /** The run, as errors name it. */
  spoken: string;
}

/** Returns a point as a line of JSON, and its step. NaN and infinities are strings. */
export function pointText(
  values: RunValues,
  { next, spoken }: PointContext,
): { step: number; line: string } {
  const members = membersText(values, spoken);
  const numberOf = (name: string, missing: number) => {
    if (!Object.hasOwn(values, name)) return missing;
    const { [name]: value } = values;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw invalid("log to", spoken, `${shown(name)} is ${shown(value)}, not a number`, {
      hint: "Log it under another name.",
    });
  };
  const step = numberOf(STEP, next.step), seconds = numberOf(TIME, next.seconds);
  const own = Object.keys(values).filter((name) => name !== STEP && name !== TIME);
  if (!own.some((name) => hasValue(values[name]))) {
    throw invalid("log to", spoken, "a point has no values", {
      hint: "Pass numbers by name: { step: 1, loss: 0.5 }.",
    });
  }
  const all = [
    ...(Object.hasOwn(values, STEP) ? [] : [`"${STEP}":${numberText(step)}`]),
    members,
    ...(Object.hasOwn(values, TIME) ? [] : [`"${TIME}":${numberText(seconds)}`]),
  ];
  return { step, line: `{${all.join(",")}}\n` };
}

/** False for an object without a value, however deep. */
function hasValue(value: unknown): boolean {
  return typeof value !== "object" || value === null || Object.values(value).some(hasValue);
}

/** Returns the members of a point as JSON, without braces. */
function membersText(values: RunValues, spoken: string): string {
  const refuse = (state: string, hint: string): RegistryError =>
    invalid("log to", spoken, state, { hint });
  if (!isPlainObject(values)) {
    throw refuse(
      `a point is ${described(values)}`,
      "Pass numbers by name: { step: 1, loss: 0.5 }.",
    );
  }
  const text = membersOf(values, 0, "");
  if (text.length <= MAX_LINE) return text;
  throw refuse(`a point has more than ${MAX_LINE} characters`, "Log fewer values at once.");

  function membersOf(branch: RunValues, depth: number, at: string): string {
    let members = "";
    for (const name in branch) {
      if (!Object.hasOwn(branch, name)) continue;
      if (!name.isWellFormed()) throw refuse(`a name is not well-formed Unicode`, "Rename it.");
      if (members !== "") members += ",";
      members += `${JSON.stringify(name)}:${valueOf(branch[name], depth, at + name)}`;
    }
    return members;
  }

  function valueOf(value: unknown, depth: number, at: string): string {
    if (typeof value === "number") return numberText(value);
    if (typeof value === "boolean" || value === null) return `${value}`;
    if (typeof value === "string") {
      if (value.length > MAX_STRING || !value.isWellFormed()) {
        const hint = `Log strings of at most ${MAX_STRING} well-formed characters.`;
        throw refuse(`${shown(at)} is too long or not well-formed`, hint);
      }
      return JSON.stringify(value);
    }
    if (isPlainObject(value)) {
      if (depth + 1 >= MAX_DEPTH) {
        throw refuse(`${shown(at)} is nested too deep (${MAX_DEPTH} levels)`, "Join the names.");
      }
      return `{${membersOf(value as RunValues, depth + 1, `${at}.`)}}`;
    }
    const hint = typeof value === "bigint"
      ? "Convert it with Number() if it may be rounded, or log it as a string."
      : "Log numbers, strings, booleans, null, and objects of them.";
    throw refuse(`${shown(at)} is ${described(value)}`, hint);
  }
}

/** Returns a number as points have it. Large ones have an exponent, as their last digits are not exact. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  if (Object.is(value, -0)) return "-0.0";
  return Math.abs(value) > Number.MAX_SAFE_INTEGER ? value.toExponential() : `${value}`;
}

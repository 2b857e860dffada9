// Checks of the members of the sign-in settings, with errors that name them.
import { invalid } from "../../../core/kernel.ts";

/** Longest text in the settings. */
export const MAX_TEXT = 2000;

export function membersOf<Name extends string>(
  value: unknown,
  at: string,
  known?: readonly Name[],
): Record<Name, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse(at, "it is not an object", undefined);
  }
  const unknown = known && Object.keys(value).find((name) => !known.includes(name as Name));
  if (unknown === undefined) return value as Record<Name, unknown>;
  const state = `it has an unknown member ${JSON.stringify(unknown.slice(0, 80))}`;
  throw refuse(at, state, `Known are: ${known?.join(", ")}.`);
}

export function listOf(value: unknown, at: string): unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw refuse(at, stateOf(value, "it is not a list with at least one element"), undefined);
}

export function textOf(value: unknown, at: string): string {
  if (typeof value === "string" && value !== "" && value.length <= MAX_TEXT) return value;
  const state = stateOf(value, `it is not a string of 1 to ${MAX_TEXT} characters`);
  throw refuse(at, state, undefined);
}

export function textsOf(value: unknown, at: string): string[] {
  const values = typeof value === "string" ? [value] : listOf(value, at);
  return values.map((each) => textOf(each, at));
}

function stateOf(value: unknown, wrong: string): string {
  return value === undefined ? "it is missing" : wrong;
}

export function refuse(at: string, state: string, hint: string | undefined) {
  return invalid("use the sign-in settings", at, state, {
    hint: hint ?? "See the example in docs/sign_in.md.",
  });
}

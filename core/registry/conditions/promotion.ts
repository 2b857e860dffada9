// Conditions of promotions, by name. `promote` of rules has their values, and extensions define them.
import type { ArtifactInfo } from "../../artifact.ts";
import { alreadyExists, invalid } from "../../errors.ts";
import { shown } from "../../naming/names.ts";
import type { RetentionRule } from "../../record.ts";
import { isJsonObject } from "../../text/json_text.ts";
import { plainProblem } from "../../text/plain_value.ts";
import type { LogEntry } from "../log.ts";

/** A version that an alias is about to point to. */
export interface Candidate {
  /** With annotations. */
  info: ArtifactInfo;
  /**
   * Lists the changes of its notes and labels, newest first. `isLater` if one came after the content
   * of the version, by the store and by the writers.
   */
  log(): AsyncIterable<CandidateChange>;
}

/** A change of the notes and labels of a version that an alias is about to point to. */
export interface CandidateChange extends LogEntry {
  isLater: boolean;
}

/** A condition of the versions that protected aliases move to. */
export interface PromotionCondition<Value> {
  /** Returns why the value in a rule is invalid, such as "must be a label"; undefined if it is valid. */
  problem(value: unknown): string | undefined;
  /** Returns words for a valid value, after "only": "if it has a license". */
  text(value: Value): string;
  /** Returns what the version lacks, such as "it has no license"; undefined if it lacks nothing. */
  unmet(value: Value, candidate: Candidate): Promise<string | undefined>;
}

type Conditions = Exclude<RetentionRule["promote"], undefined>;

const CONDITIONS = new Map<string, PromotionCondition<unknown>>();

/**
 * Defines a condition, for this program: rules may have it in `promote`. Programs without it refuse to
 * move the aliases of such rules.
 *
 * @param name one word: `review`
 * @throws {RegistryError} `Invalid` for another name, `AlreadyExists` for one that is defined
 */
export function defineCondition<Value>(name: string, condition: PromotionCondition<Value>): void {
  const action = "define condition";
  if (!/^[a-z][A-Za-z0-9]{0,39}$/.test(name)) {
    const hint = "Use a lowercase letter, then letters and digits.";
    throw invalid(action, shown(name), "invalid name", { hint });
  }
  if (CONDITIONS.has(name)) {
    const state = "another extension has defined it";
    throw alreadyExists(action, shown(name), state, { hint: "Choose another name." });
  }
  CONDITIONS.set(name, condition as PromotionCondition<unknown>);
}

/** True if this program has conditions. Without any, it knows the aliases of rules, and moves none. */
export function hasConditions(): boolean {
  return CONDITIONS.size > 0;
}

/** Returns the first condition that this program does not know. */
export function unknownCondition(promote: Conditions): string | undefined {
  return Object.keys(promote).find((name) => !CONDITIONS.has(name));
}

/** Returns why `promote` of a rule is invalid, or not understood; undefined for a valid one. */
export function promotionProblem(promote: unknown): string | undefined {
  if (!isJsonObject(promote) || Object.keys(promote).length === 0) {
    return "promote must have conditions";
  }
  for (const [name, value] of Object.entries(promote)) {
    const condition = CONDITIONS.get(name);
    const problem = condition === undefined ? "is unknown" : condition.problem(value);
    if (problem !== undefined) return `the condition ${JSON.stringify(name)} ${problem}`;
    const unkept = plainProblem(value); // the rule would be stored with another value
    if (unkept !== undefined) return `the condition ${JSON.stringify(name)}: ${unkept}`;
  }
}

/** Returns words for conditions, after "only". */
export function promotionText(promote: Conditions): string {
  const texts = Object.entries(promote).map(([name, value]) => {
    const condition = CONDITIONS.get(name);
    return condition === undefined || condition.problem(value) !== undefined
      ? `${name} ${JSON.stringify(value)} (unknown to this program)`
      : condition.text(value);
  });
  return texts.join(" and ");
}

/** Returns all that a version lacks, with the values that it has; undefined if it lacks nothing. */
export async function unmetConditions(
  promote: Conditions,
  candidate: Candidate,
): Promise<string | undefined> {
  const unmet: string[] = [];
  for (const [name, value] of Object.entries(promote)) {
    const condition = CONDITIONS.get(name);
    const state = condition === undefined
      ? `${name} is unknown`
      : await condition.unmet(value, candidate);
    if (state !== undefined) unmet.push(state);
  }
  return unmet.length === 0 ? undefined : unmet.join("; ");
}

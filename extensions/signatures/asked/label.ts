// The label of a version that somebody asked to promote.
import { parseRef } from "../../../core/kernel.ts";

export const ASKED = "promotion-asked";

export interface AskedLabel {
  alias: string;
  /** The commit of the newest change of the alias; absent if there was none. */
  since?: string;
  /** ISO 8601. */
  at: string;
  note?: string;
}

/** Reads the label; undefined if there is none, or of another form. */
export function readAsked(labels: Readonly<Record<string, unknown>>): AskedLabel | undefined {
  const value = labels[ASKED];
  if (typeof value !== "object" || value === null) return undefined;
  const { alias, since, at, note } = value as Record<string, unknown>;
  const isRight = isAlias(alias) && typeof at === "string" &&
    !Number.isNaN(Date.parse(at)) &&
    [since, note].every((each) => each === undefined || typeof each === "string");
  return isRight ? value as AskedLabel : undefined;
}

/** Anybody who may label a version can write any label: one without an alias asks for nothing. */
function isAlias(value: unknown): boolean {
  try {
    return typeof value === "string" && parseRef(`name@${value}`).selector.kind === "alias";
  } catch {
    return false;
  }
}

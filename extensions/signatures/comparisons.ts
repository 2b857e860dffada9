// The comparisons of a condition of a promotion. They are stricter than those of listings, in which a
// wrong match costs little.
import type { ArtifactInfo } from "../../mod.ts";
import { factsOf, invalid, parseCondition, shown, sortKeyOf } from "../../core/kernel.ts";

/** A comparison of a version. */
export interface Comparison {
  text: string;
  /** The field, as it was typed. */
  field: string;
  /** The label that must have a value, if the field is one. */
  label?: string;
  read(info: ArtifactInfo): unknown;
  meets(info: ArtifactInfo): boolean;
}

const QUOTED = /^(?:'[^']*'|"[^"]*")$/;
/** A value without quotes, in which nothing looks like another comparison or a join. */
const WORD = /^[^\s'"=!<>&|(),;]+$/;

/**
 * Returns the comparisons of a condition: those that `and` joins, outside quotes.
 *
 * @throws {RegistryError} `Invalid` for one that cannot be read, or orders by text
 */
export function comparisonsIn(where: string): Comparison[] {
  const { comparisons } = parseCondition(where, { isRule: true, isPlain: true });
  return comparisons.map(({ text, typedField, sign, typed, value, of, meets: isMet }) => {
    if (!QUOTED.test(typed.trim()) && !WORD.test(value)) {
      throw unreadable(text, `the value ${shown(typed.trim())} is not one word`);
    }
    const read = (info: ArtifactInfo) => of.read(factsOf(info));
    const label = of.name.startsWith("labels.") ? of.name.slice("labels.".length) : undefined;
    const comparison = { text, field: typedField, label: sign === "!=" ? undefined : label, read };
    // An unknown author may be any: it meets nothing, not even `by != alice`.
    const isKnown = (info: ArtifactInfo) => of.name !== "by" || info.by !== undefined;
    const meets = (info: ArtifactInfo) => isKnown(info) && isMet(factsOf(info));
    if (!/[<>]/.test(sign) || of.type !== "value") return { ...comparison, meets };
    const { kind } = sortKeyOf(value);
    if (kind === "text") throw unreadable(text, `${shown(value)} is neither a number nor a time`);
    // In listings, text is in the order of text: there, "high" is more than 0.9.
    const isOfKind = (value: unknown) =>
      (typeof value === "number" || typeof value === "string") && sortKeyOf(value).kind === kind;
    return { ...comparison, meets: (info) => isOfKind(read(info)) && meets(info) };
  });
}

function unreadable(text: string, state: string) {
  return invalid("parse condition", JSON.stringify(text), state, {
    hint: "Join comparisons by and, and quote text: \"labels.stage = 'in review'\".",
  });
}

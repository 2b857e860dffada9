// The comparisons of a condition of a promotion. They are stricter than those of listings, in which a
// wrong match costs little.
import {
  type ArtifactInfo,
  fieldReader,
  invalid,
  parseCondition,
  shown,
  sortKeyOf,
} from "../core/kernel.ts";

/** A comparison of a version. */
export interface Comparison {
  text: string;
  /** The field, as it was typed. */
  field: string;
  read(info: ArtifactInfo): unknown;
  meets(info: ArtifactInfo): boolean;
}

const PARTS = /^((?:[^\s=!<>'"]|'[^']*'|"[^"]*")+)\s*([=!<>]+)\s*(.*)$/s;
const QUOTED = /^(?:'[^']*'|"[^"]*")$/;
/** A value without quotes, in which nothing looks like another comparison or a join. */
const WORD = /^[^\s'"=!<>&|(),;]+$/;

/**
 * Returns the comparisons of a condition: those that `and` joins, outside quotes.
 *
 * @throws {RegistryError} `Invalid` for one that cannot be read, or orders by text
 */
export function comparisonsIn(where: string): Comparison[] {
  return where.split(/\s+and\s+(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/i)
    .map((each) => readComparison(each.trim().replace(/^metrics\./, "metadata.metrics.")));
}

function readComparison(text: string): Comparison {
  const matches = parseCondition(text);
  const [, field = "", sign = "", typed = ""] = PARTS.exec(text) ?? [];
  const isQuoted = QUOTED.test(typed);
  if (!isQuoted && !WORD.test(typed)) {
    throw unreadable(text, `the value ${shown(typed)} is not one word`);
  }
  const read = fieldReader(field.replace(/(['"])(.*?)\1/gs, "$2")) ?? (() => undefined);
  const isOrder = /[<>]/.test(sign) && /^(metadata|labels)\./.test(field);
  if (!isOrder) return { text, field, read, meets: matches };
  const { kind } = sortKeyOf(isQuoted ? typed.slice(1, -1) : typed);
  if (kind === "text") throw unreadable(text, `${shown(typed)} is neither a number nor a time`);
  // In listings, text is in the order of text: there, "high" is more than 0.9.
  const isOfKind = (value: unknown) =>
    (typeof value === "number" || typeof value === "string") && sortKeyOf(value).kind === kind;
  return { text, field, read, meets: (info) => isOfKind(read(info)) && matches(info) };
}

function unreadable(text: string, state: string) {
  return invalid("parse condition", JSON.stringify(text), state, {
    hint: "Join comparisons by and, and quote text: \"labels.stage = 'in review'\".",
  });
}

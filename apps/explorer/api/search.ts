// Conditions and values as people type them.
import { parseExactJson } from "../../../core/text/json_text.ts";
import { termsOf } from "../../../core/text/terms.ts";

/** Fields that the search of the service compares. Others are metadata. */
const FIELD = /^(name|version|alias|kind|created|(?:metadata|labels)\..*)$/;
const CONDITION = /^([A-Za-z_][\w.-]*)(?:!=|>=|<=|=|>|<)/;

/** Returns a query for `GET /search`: `epochs>3` is short for `metadata.epochs>3`. */
export function queryOf(typed: string): string {
  return termsOf(typed).map((term) => {
    const [, field] = CONDITION.exec(term) ?? [];
    return field === undefined || FIELD.test(field) ? term : `metadata.${term}`;
  }).join(" ");
}

/** Returns the JSON value of a text, or the text itself: also for numbers that would be rounded. */
export function typedValue(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return text;
  }
}

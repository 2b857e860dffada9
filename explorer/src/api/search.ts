// Conditions as people type them.
import { tokensOf } from "../../../apps/server/search/terms.ts";
import { fieldOf } from "../../../core/registry/conditions/fields.ts";

/** Returns a query for `GET /search`: `epochs>3` is short for `metadata.epochs>3`. */
export function queryOf(typed: string): string {
  return tokensOf(typed).map((token) => {
    const { text } = token;
    if (token.kind !== "comparison") return text;
    const isFull = fieldOf(token.field) !== undefined && !/^(metrics|params)\./.test(text);
    return isFull ? text : `metadata.${text}`;
  }).join(" ");
}

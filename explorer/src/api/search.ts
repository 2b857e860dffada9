// Conditions as people type them.
import { termsOf } from "../../../apps/server/search/terms.ts";

/** Fields that the search of the service compares. Others are metadata. */
const FIELD = /^(name|version|alias|kind|state|created|(?:metadata|labels)\..*)$/;
const CONDITION = /^([A-Za-z_][\w.-]*)(?:!=|>=|<=|=|>|<)/;

/** Returns a query for `GET /search`: `epochs>3` is short for `metadata.epochs>3`. */
export function queryOf(typed: string): string {
  return termsOf(typed).map((term) => {
    const [, field] = CONDITION.exec(term) ?? [];
    return field === undefined || FIELD.test(field) ? term : `metadata.${term}`;
  }).join(" ");
}

// Schemas of answers, by rows.
import * as v from "npm:valibot@^1.5";
import type { AnswerRow, Kind, MemberKind } from "../../../core/registry/operations/row.ts";
import { Amount, AuthorSchema, Moment, Sha256, Text } from "./artifact.ts";
import { object } from "./listing.ts";

/** The schema of each kind of value; strings are not empty. */
export const SCHEMAS: Readonly<Record<Kind, v.GenericSchema>> = {
  text: Text,
  digest: Sha256,
  flag: v.boolean(),
  count: Amount,
  moment: Moment,
  author: AuthorSchema,
};

/** Returns the schema of an answer, or of an item of a page. */
export function schemaOf({ type, has }: AnswerRow) {
  const members = Object.entries(has).map(([name, kind]) => [name, memberOf(kind)]);
  return object(type, Object.fromEntries(members) as v.ObjectEntries);
}

function memberOf(kind: MemberKind): v.GenericSchema {
  const plain = kind.replace("?", "") as Kind;
  const schema = plain === "text" ? v.string() : SCHEMAS[plain];
  return kind === plain ? schema : v.optional(schema);
}

// Schemas of options and answers, by their rows.
import * as v from "npm:valibot@^1.5";
import type { Kind, MemberKind } from "../../../core/kinds.ts";
import type {
  AnswerRow,
  OperationRow,
  OptionRow,
  SentKind,
} from "../../../core/registry/operations/row.ts";
import { Amount, AuthorSchema, Moment, Sha256, Text } from "./request_values.ts";
import { count, flag, MOST_TEXT, object, text } from "./listing.ts";

/** The schema of each kind of value; strings are not empty. */
const SCHEMAS: Readonly<Record<Kind, v.GenericSchema>> = {
  text: Text,
  digest: Sha256,
  flag: v.boolean(),
  count: Amount,
  moment: Moment,
  author: AuthorSchema,
};

/** Returns the schema of an answer, or of an item of a page. */
export function schemaOf({ type, has }: AnswerRow) {
  return object(type, membersOf(has));
}

/** Returns the schemas of these members. */
export function membersOf(has: Readonly<Record<string, MemberKind>>): v.ObjectEntries {
  return Object.fromEntries(Object.entries(has).map(([name, kind]) => [name, memberOf(kind)]));
}

function memberOf(kind: MemberKind): v.GenericSchema {
  const plain = kind.replace("?", "") as Kind;
  const schema = plain === "text" ? v.string() : SCHEMAS[plain];
  return kind === plain ? schema : v.optional(schema);
}

type SentOption = OptionRow & { readonly sent: SentKind };

/** Returns the schemas of the options that are sent in a query. */
export function optionsInQuery(rows: OperationRow["options"]): v.ObjectEntries {
  return schemasOf(rows, ({ sent, orNull, orEmpty, among, range, doc = "" }) => {
    const [least, greatest] = range ?? [0, Number.MAX_SAFE_INTEGER];
    if (sent === "count") return count(least, greatest, doc);
    if (sent === "flag") return flag(doc);
    if (sent === "moment") return dateOf(doc);
    if (orEmpty) return text(MOST_TEXT);
    return orNull
      ? v.pipe(
        text(MOST_TEXT),
        v.description(doc),
        v.transform((text) => text === "" ? null : text),
      )
      : valueOf(sent, among);
  });
}

/** Returns the schemas of the options that are sent in a JSON body. */
export function optionsInBody(rows: OperationRow["options"]): v.ObjectEntries {
  return schemasOf(rows, ({ sent, orNull, among, doc = "" }) => {
    const schema = sent === "moment" ? dateOf(doc) : valueOf(sent, among);
    return orNull ? v.nullable(schema) : schema;
  });
}

function schemasOf(
  rows: OperationRow["options"],
  schemaOf: (row: SentOption) => v.GenericSchema,
): v.ObjectEntries {
  const sent = Object.entries(rows)
    .filter((entry): entry is [string, SentOption] => entry[1].sent !== undefined);
  return Object.fromEntries(sent.map(([name, row]) => {
    const schema = schemaOf(row);
    const { doc } = row;
    return [name, v.optional(doc === undefined ? schema : v.pipe(schema, v.description(doc)))];
  }));
}

/** The description is one of the text: the document leaves out what it is converted to. */
function dateOf(doc: string): v.GenericSchema {
  return v.pipe(Moment, v.description(doc), v.transform((text) => new Date(text)));
}

function valueOf(sent: SentKind, among: OptionRow["among"]): v.GenericSchema {
  return among === undefined ? SCHEMAS[sent] : v.picklist(among, `expected ${among.join(", ")}`);
}

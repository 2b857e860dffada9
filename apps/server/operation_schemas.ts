// Schemas of the requests and answers of operations, by their rows.
import * as v from "npm:valibot@^1.5";
import { itemAt } from "../../core/faults/present.ts";
import type {
  Kind,
  MemberKind,
  OperationRow,
  OptionRow,
} from "../../core/registry/operations/row.ts";
import type { StandardSchema } from "../../registry/mod.ts";
import { listing } from "./listing.ts";
import type { RouteDescription } from "./routing.ts";
import { Amount, AuthorSchema, Moment, Text } from "./schemas/artifact.ts";
import {
  count,
  flag,
  numberedFields,
  object,
  page,
  pageFields,
  strictObject,
} from "./schemas/listing.ts";

type Query = StandardSchema<Record<string, unknown>> | undefined;

/** Returns the schema of the query of a route. Writes refuse unknown members. */
export function queryOf(row: OperationRow): Query {
  if (hasBody(row)) return undefined;
  const entries = entriesOf(row, inQuery);
  if (row.effect === "writes") return v.strictObject(entries);
  if (row.effect === "reads") return v.object(entries);
  const isNumbered = row.options.after?.sent === "count";
  return v.object({ ...entries, ...isNumbered ? numberedFields : pageFields });
}

/** Returns the schema of the JSON body of a route. */
export function bodyOf(row: OperationRow): Query {
  if (!hasBody(row)) return undefined;
  const { id, request = `${itemAt(id, 0).toUpperCase()}${id.slice(1)}Request` } = row.route!;
  return strictObject(request, entriesOf(row, inBody));
}

export function answersOf({ effect, route }: OperationRow): RouteDescription["answers"] {
  const { type, doc, has, page: name = `${type}Page` } = route!.answer;
  const members = Object.entries(has).map(([name, kind]) => [name, memberOf(kind)]);
  const schema = object(type, Object.fromEntries(members));
  return effect === "lists"
    ? listing(page(schema, name), doc)
    : { 200: { description: doc, schema } };
}

function hasBody({ route }: OperationRow): boolean {
  return !/^(GET|DELETE) /.test(route!.at);
}

type Sent = OptionRow & { readonly sent: Kind };

/** Returns schemas of the arguments that are not in the path, and of the options that are sent. */
function entriesOf(
  { takes, options, route }: OperationRow,
  schemaOf: (row: Sent) => v.GenericSchema,
): v.ObjectEntries {
  const args = takes.filter((name) => !route!.at.includes(`/:${name}`));
  const sent = Object.entries(options)
    .filter((entry): entry is [string, Sent] => entry[1].sent !== undefined);
  return Object.fromEntries([
    ...args.map((name) => [name, Text]),
    ...sent.map(([name, row]) => [name, asOption(schemaOf(row), row)]),
  ]);
}

function inQuery({ sent, orNull, doc = "" }: Sent): v.GenericSchema {
  if (sent === "count") return count(0, Number.MAX_SAFE_INTEGER, doc);
  if (sent === "flag") return flag();
  return orNull
    ? v.pipe(v.string(), v.transform((text) => text === "" ? null : text))
    : SCHEMAS[sent];
}

function inBody({ sent, orNull }: Sent): v.GenericSchema {
  return orNull ? v.nullable(SCHEMAS[sent]) : SCHEMAS[sent];
}

function asOption(schema: v.GenericSchema, { doc }: Sent): v.GenericSchema {
  return v.optional(doc === undefined ? schema : v.pipe(schema, v.description(doc)));
}

function memberOf(kind: MemberKind): v.GenericSchema {
  const plain = kind.replace("?", "") as Kind;
  const schema = plain === "text" ? v.string() : SCHEMAS[plain];
  return kind === plain ? schema : v.optional(schema);
}

const SCHEMAS: Readonly<Record<Kind, v.GenericSchema>> = {
  text: Text,
  flag: v.boolean(),
  count: Amount,
  moment: Moment,
  author: AuthorSchema,
};

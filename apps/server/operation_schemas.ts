// Schemas of the requests and answers of operations, by their rows.
import * as v from "npm:valibot@^1.5";
import { itemAt } from "../../core/faults/present.ts";
import {
  type Kind,
  type OperationRow,
  type OptionRow,
  sentArguments,
} from "../../core/registry/operations/row.ts";
import type { StandardSchema } from "../../registry/mod.ts";
import { listing } from "./listing.ts";
import type { RouteDescription } from "./routing.ts";
import { schemaOf, SCHEMAS } from "./schemas/answers.ts";
import { Text } from "./schemas/artifact.ts";
import { count, flag, numberedFields, page, pageFields, strictObject } from "./schemas/listing.ts";

type Query = StandardSchema<Record<string, unknown>> | undefined;

/** Returns the schema of the query of a route, with its own members. Writes refuse unknown ones. */
export function queryOf(row: OperationRow, own: v.ObjectEntries = {}): Query {
  if (hasBody(row)) return undefined;
  const entries = { ...entriesOf(row, inQuery), ...own };
  if (row.effect === "writes") return v.strictObject(entries);
  if (row.effect === "reads") return v.object(entries);
  const isNumbered = row.options.after?.sent === "count";
  return v.object({ ...entries, ...isNumbered ? numberedFields : pageFields });
}

/** Returns the schema of the JSON body of a route. */
export function bodyOf(row: OperationRow): Query {
  if (!hasBody(row)) return undefined;
  const entries = entriesOf(row, inBody);
  if (Object.keys(entries).length === 0) return undefined;
  const { id, request = `${itemAt(id, 0).toUpperCase()}${id.slice(1)}Request` } = row.route!;
  return strictObject(request, entries);
}

export function answersOf({ effect, route }: OperationRow): RouteDescription["answers"] {
  const answer = route!.answer!;
  const { doc } = answer;
  return effect === "lists"
    ? listing(page(schemaOf(answer), answer.page ?? `${answer.type}Page`), doc)
    : { 200: { description: doc, schema: schemaOf(answer) } };
}

function hasBody({ route }: OperationRow): boolean {
  return !/^(GET|DELETE) /.test(route!.at);
}

type Sent = OptionRow & { readonly sent: Kind };

/** Returns schemas of the arguments that are not in the path, and of the options that are sent. */
function entriesOf(
  row: OperationRow,
  optionOf: (row: Sent) => v.GenericSchema,
): v.ObjectEntries {
  const sent = Object.entries(row.options)
    .filter((entry): entry is [string, Sent] => entry[1].sent !== undefined);
  return Object.fromEntries([
    ...sentArguments(row).map((name) => [name, Text]),
    ...sent.map(([name, row]) => [name, asOption(optionOf(row), row)]),
  ]);
}

function inQuery({ sent, orNull, orEmpty, among, doc = "" }: Sent): v.GenericSchema {
  if (sent === "count") return count(0, Number.MAX_SAFE_INTEGER, doc);
  if (sent === "flag") return flag(doc);
  if (orEmpty) return v.string();
  return orNull
    ? v.pipe(v.string(), v.description(doc), v.transform((text) => text === "" ? null : text))
    : valueOf(sent, among);
}

function inBody({ sent, orNull, among }: Sent): v.GenericSchema {
  const schema = valueOf(sent, among);
  return orNull ? v.nullable(schema) : schema;
}

function valueOf(sent: Kind, among: OptionRow["among"]): v.GenericSchema {
  return among === undefined ? SCHEMAS[sent] : v.picklist(among);
}

function asOption(schema: v.GenericSchema, { doc }: Sent): v.GenericSchema {
  return v.optional(doc === undefined ? schema : v.pipe(schema, v.description(doc)));
}

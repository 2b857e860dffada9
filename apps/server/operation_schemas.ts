// Schemas of the requests and answers of operations, by their rows.
import * as v from "npm:valibot@^1.5";
import { itemAt } from "../../core/faults/present.ts";
import { type OperationRow, sentArguments } from "../../core/registry/operations/row.ts";
import type { StandardSchema } from "../../registry/mod.ts";
import { listing } from "./listing.ts";
import type { RouteDescription } from "./gateways/gateway.ts";
import { optionsInBody, optionsInQuery, schemaOf } from "./schemas/rows.ts";
import { Text } from "./schemas/request_values.ts";
import { numberedFields, page, pageFields, strictObject } from "./schemas/listing.ts";

type Query = StandardSchema<Record<string, unknown>> | undefined;

/** Returns the schema of the query of a route, with its own members. Writes refuse unknown ones. */
export function queryOf(row: OperationRow, own: v.ObjectEntries = {}): Query {
  if (hasBody(row)) return undefined;
  const entries = { ...entriesOf(row, optionsInQuery), ...own };
  if (row.effect === "writes") return v.strictObject(entries);
  if (row.effect === "reads") return v.object(entries);
  const isNumbered = row.options.after?.sent === "count";
  return v.object({ ...entries, ...isNumbered ? numberedFields : pageFields });
}

/** Returns the schema of the JSON body of a route. */
export function bodyOf(row: OperationRow): Query {
  if (!hasBody(row)) return undefined;
  const entries = entriesOf(row, optionsInBody);
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

/** Returns schemas of the arguments that are not in the path, and of the options that are sent. */
function entriesOf(
  row: OperationRow,
  optionsOf: (rows: OperationRow["options"]) => v.ObjectEntries,
): v.ObjectEntries {
  const args = sentArguments(row).map((name) => [name, Text]);
  return { ...Object.fromEntries(args), ...optionsOf(row.options) };
}

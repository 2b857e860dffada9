// Schemas of the requests and answers of operations, by their rows.
import * as v from "npm:valibot@^1.5";
import type {
  Kind,
  OperationRow,
  OptionRow,
  RouteRow,
} from "../../core/registry/operations/row.ts";
import type { StandardSchema } from "../../registry/mod.ts";
import { listing } from "./listing.ts";
import type { RouteDescription } from "./routing.ts";
import { Amount, JsonObject, Moment, Text } from "./schemas/artifact.ts";
import {
  count,
  flag,
  numberedFields,
  object,
  page,
  pageFields,
  strictObject,
} from "./schemas/listing.ts";

/** Schemas of values that their kinds do not describe. */
export type OwnSchemas = Readonly<Record<string, v.GenericSchema>>;

/** Returns the schema of the query of a route. Writes refuse unknown members. */
export function queryOf(
  row: OperationRow,
  of: RouteRow,
  schemas: OwnSchemas = {},
): StandardSchema | undefined {
  if (hasBody(of) && of.body === undefined) return undefined;
  const entries = Object.fromEntries(
    valuesOf(row, of).map(([name, value]) => [name, schemas[name] ?? inQuery(value)]),
  );
  if (row.effect === "writes") return v.strictObject(entries);
  if (row.effect === "reads") return v.object(entries);
  const isNumbered = row.options.after?.sent === "count";
  return v.object({ ...entries, ...isNumbered ? numberedFields : pageFields });
}

/** Returns the schema of the JSON body of a route. */
export function bodyOf(
  row: OperationRow,
  of: RouteRow,
  schemas: OwnSchemas = {},
): StandardSchema | undefined {
  if (!hasBody(of)) return undefined;
  if (of.body !== undefined) return schemas[of.body];
  const entries = Object.fromEntries(
    valuesOf(row, of).map(([name, value]) => [name, schemas[name] ?? inBody(value)]),
  );
  const { request = `${of.id[0]!.toUpperCase()}${of.id.slice(1)}Request` } = of;
  return strictObject(request, entries);
}

export function answersOf(
  { effect }: OperationRow,
  { answer }: RouteRow,
): RouteDescription["answers"] {
  const { type, doc, has = {} } = answer;
  const members = Object.entries(has).map(([name, kind]) => [name, memberOf(kind)]);
  const schema = object(type, Object.fromEntries(members));
  if (effect === "lists") {
    return listing(page(schema, answer.page ?? `${type}Page`), doc);
  }
  return { 200: { description: doc, schema } };
}

function hasBody({ at }: RouteRow): boolean {
  return !/^(GET|DELETE) /.test(at);
}

type Value = OptionRow & { sent: Kind; isRequired?: boolean };

/** Returns the arguments that are not in the path, and the options that are sent. */
function valuesOf({ takes, options }: OperationRow, { at, body }: RouteRow): [string, Value][] {
  const isInPath = (name: string) => at.includes(`/:${name === "ref" ? "name" : name}`);
  const args = Object.entries(takes).filter(([name]) => !isInPath(name) && name !== body)
    .map(([name, sent]): [string, Value] => [name, { sent, isRequired: true }]);
  const sent = Object.entries(options)
    .filter((entry): entry is [string, Value] => entry[1].sent !== undefined);
  return [...args, ...sent];
}

function inQuery(value: Value): v.GenericSchema {
  const { sent, orNull, doc, least = 0, most = Number.MAX_SAFE_INTEGER } = value;
  if (sent === "count") return count(least, most, doc ?? "");
  if (sent === "flag") return asOption(flag(), value);
  if (!orNull) return asOption(schemaOf(sent), value);
  return asOption(v.pipe(v.string(), v.transform((text) => text === "" ? null : text)), value);
}

function inBody(value: Value): v.GenericSchema {
  const schema = schemaOf(value.sent);
  return asOption(value.orNull ? v.nullable(schema) : schema, value);
}

function asOption(schema: v.GenericSchema, { isRequired, doc }: Value): v.GenericSchema {
  const described = doc === undefined ? schema : v.pipe(schema, v.description(doc));
  return isRequired ? described : v.optional(described);
}

function memberOf(kind: Kind | `${string}?`): v.GenericSchema {
  if (typeof kind !== "string" || !kind.endsWith("?")) return inAnswer(kind as Kind);
  return v.optional(inAnswer(kind.slice(0, -1) as Kind));
}

function inAnswer(kind: Kind): v.GenericSchema {
  return kind === "text" ? v.string() : schemaOf(kind);
}

function schemaOf(kind: Kind): v.GenericSchema {
  if (typeof kind === "object") return v.picklist(kind, `expected ${kind.join(", ")}`);
  return SCHEMAS[kind];
}

const SCHEMAS: Readonly<Record<Extract<Kind, string>, v.GenericSchema>> = {
  text: Text,
  flag: v.boolean(),
  count: Amount,
  moment: Moment,
  object: JsonObject,
  list: v.array(v.unknown()),
};

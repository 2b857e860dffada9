// Bounds of requests: each list, string and number that a schema accepts has a maximum.
import { valibotToJsonSchema } from "../../../apps/server/schemas/json_schema.ts";
import type { RouteEntry } from "../../../apps/server/gateways/gateway.ts";
import type { StandardSchema } from "../../../registry/mod.ts";

/** A schema in JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** Returns what a schema accepts, in JSON. */
export function jsonOf(schema: StandardSchema | Json): Json {
  return "~standard" in schema ? valibotToJsonSchema(schema as never) as Json : schema;
}

/** Returns the members of the requests of a route that have no maximum. */
export function unboundedIn({ query, json, body = {} }: RouteEntry): string[] {
  const bodies = Object.entries(body).flatMap(([type, { schema }]) =>
    schema === undefined ? [`${type} has no schema`] : unbounded(jsonOf(schema), type)
  );
  return [
    ...query === undefined ? [] : unbounded(jsonOf(query), "query"),
    ...json === undefined ? [] : unbounded(jsonOf(json), "json"),
    ...bodies,
  ];
}

function unbounded(schema: Json, at: string): string[] {
  const { type, anyOf, oneOf, allOf, items, properties = {}, additionalProperties } = schema;
  const alternatives = [anyOf, oneOf].flatMap((each) => (each ?? []) as Json[]);
  if ("enum" in schema || "const" in schema) return [];
  if (alternatives.length > 0) {
    return alternatives.flatMap((each, i) => unbounded(each, `${at}|${i}`));
  }
  if (allOf !== undefined) return (allOf as Json[]).flatMap((each) => unbounded(each, at));
  switch (type) {
    case "boolean":
    case "null":
      return [];
    case "string":
      return isBoundedString(schema) ? [] : [`${at}: string without maxLength`];
    case "number":
    case "integer":
      return "minimum" in schema && "maximum" in schema
        ? []
        : [`${at}: number without minimum or maximum`];
    case "array":
      return [
        ..."maxItems" in schema ? [] : [`${at}: list without maxItems`],
        ...unbounded((items ?? {}) as Json, `${at}[]`),
      ];
    case "object":
      if (!("properties" in schema || "maxProperties" in schema)) return [`${at}: anything`];
      return [
        ...isOpen(additionalProperties) && !("maxProperties" in schema) && at !== "query"
          ? [`${at}: object without maxProperties`]
          : [],
        ...isOpen(additionalProperties) && Object.keys(additionalProperties as Json).length > 0
          ? unbounded(additionalProperties as Json, `${at}.*`)
          : [],
        ...Object.entries(properties as Record<string, Json>).flatMap(([name, each]) =>
          unbounded(each, `${at}.${name}`)
        ),
      ];
    default:
      return [`${at}: anything`];
  }
}

/** A body that streams has a description, which names its limit. */
function isBoundedString({ format, description, ...schema }: Json): boolean {
  if ("maxLength" in schema) return true;
  return format === "binary" && /at most/i.test(String(description ?? ""));
}

/** Members beyond those that are listed. JSON of any shape is bounded by the size of the body. */
function isOpen(additional: unknown): additional is Json {
  return typeof additional === "object" && additional !== null;
}

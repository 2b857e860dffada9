// Conversion of valibot schemas to JSON Schema 2020-12.
import { type JsonSchema, toJsonSchema } from "npm:@valibot/to-json-schema@^1.8";
import type { Schema } from "./listing.ts";

/** Converts a schema. Omits constraints that JSON Schema cannot express. */
export function valibotToJsonSchema(schema: Schema): Record<string, unknown> {
  const json: unknown = toJsonSchema(schema, {
    typeMode: "input",
    errorMode: "ignore",
    // A string that is converted, such as a number in a query, can declare its type in `as`.
    overrideAction: ({ valibotAction }) =>
      (valibotAction as { metadata?: { as?: JsonSchema } }).metadata?.as,
  });
  return json as Record<string, unknown>;
}

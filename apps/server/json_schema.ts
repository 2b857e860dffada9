// Schemas of valibot as JSON Schema.
import { type JsonSchema, toJsonSchema } from "npm:@valibot/to-json-schema@^1.8";

/** A schema of valibot, as JSON Schema 2020-12; what JSON Schema cannot say is left out. */
export const valibotToJsonSchema: typeof toJsonSchema = (schema, options) =>
  toJsonSchema(schema, {
    ...options,
    typeMode: "input",
    errorMode: "ignore",
    // A text that is read as something else may say what it is instead.
    overrideAction: ({ valibotAction }) =>
      (valibotAction as { metadata?: { as?: JsonSchema } }).metadata?.as,
  });

// The JSON Schema of configurations, for editors: made of the table that they are checked by.
import { ID_PATTERN, node, operator, pipeline, VERSION_PATTERN } from "./table/fields.ts";
import { orReference } from "./table/readers.ts";
import type { JsonSchema } from "./table/readers.ts";

export type { JsonSchema } from "./table/readers.ts";

/** What a file holds: a whole pipeline, or one operator or node that `refs` name. */
export type ConfigFileKind = "pipeline" | "operator" | "node";

const REF = `${ID_PATTERN.source.slice(0, -1)}(:${VERSION_PATTERN.source.slice(1, -1)})?$`;
const PATHS = { type: "string", minLength: 1 };

const FILE_PROPERTIES: JsonSchema = {
  "$schema": { type: "string", description: "Where this schema is: only editors read it." },
  include: {
    description:
      "Files beneath this one, relative to it: mappings are merged, everything else is replaced.",
    anyOf: [PATHS, { type: "array", items: PATHS }],
  },
};

/**
 * The JSON Schema (draft 2020-12) of a file of a configuration. It knows keys and kinds of values; whether operators,
 * steps and variables are there, only `parsePipeline` and its like say. It never refuses what they take.
 *
 * @example
 * ```ts
 * import { configSchema } from "@holdfast/holdfast/operators/config";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(configSchema("operator").title, "An operator of a Holdfast pipeline");
 * ```
 */
export function configSchema(kind: ConfigFileKind = "pipeline"): JsonSchema {
  const schema = kind === "pipeline"
    ? pipelineFile()
    : definitionFile(kind === "operator" ? operator : node);
  const title = `${
    kind === "pipeline" ? "A" : kind === "operator" ? "An operator of a" : "A node of a"
  } Holdfast pipeline`;
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title, ...schema };
}

function pipelineFile(): JsonSchema {
  const schema = pipeline.schema as { properties: JsonSchema; required: string[] };
  const { required, ...partial } = schema;
  const properties = { ...schema.properties };
  for (const key of ["operators", "nodes"]) properties[key] = orRefs(properties[key] as JsonSchema);
  return {
    type: "object",
    additionalProperties: false,
    properties: {
      ...FILE_PROPERTIES,
      variables: {
        type: "object",
        description: "Values for ${name} in this file and those that it names.",
      },
      pipeline: { description: "The pipeline.", ...partial, properties },
    },
    // What is not here may be in a file that is included.
    if: { required: ["include"] },
    else: { required: ["pipeline"], properties: { pipeline: { type: "object", required } } },
  };
}

function definitionFile(reader: { schema: JsonSchema }): JsonSchema {
  const { required: _, properties, ...schema } = reader.schema;
  return { ...schema, properties: { ...FILE_PROPERTIES, ...properties as JsonSchema } };
}

function orRefs({ description, ...list }: JsonSchema): JsonSchema {
  const refs = orReference({
    type: "array",
    description: "id:version, or an id alone: files in the folder operators/ or nodes/.",
    items: orReference({ type: "string", pattern: REF }),
  });
  const named = {
    type: "object",
    additionalProperties: false,
    required: ["refs"],
    properties: { refs },
  };
  return { description, anyOf: [...list.anyOf as JsonSchema[], named] };
}

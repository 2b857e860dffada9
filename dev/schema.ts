// `deno task schema`: writes the JSON Schemas of configurations, `docs/*.schema.json`, from the
// schemas that files are checked by.
import { type JsonSchema, toJsonSchema } from "npm:@valibot/to-json-schema@^1.8";
import {
  ID_PATTERN,
  NODE,
  OPERATOR,
  PIPELINE,
  VERSION_PATTERN,
} from "../operators/config/schema.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";

/** The content of a file: a whole pipeline, or one operator or node that `refs` name. */
export type ConfigFileKind = "pipeline" | "operator" | "node";

const SCHEMAS = { pipeline: PIPELINE, operator: OPERATOR, node: NODE };
const REF = `${ID_PATTERN.source.slice(0, -1)}(:${VERSION_PATTERN.source.slice(1, -1)})?$`;
const PATH: JsonSchema = { type: "string", minLength: 1 };
const REFERENCE: JsonSchema = { type: "string", pattern: "\\$\\{" };

/** Keys of every file. */
const FILE_PROPERTIES: Record<string, JsonSchema> = {
  "$schema": { type: "string", description: "URL of this schema, for editors." },
  include: {
    description:
      "Files beneath this one, relative to it: mappings are merged, everything else is replaced.",
    anyOf: [PATH, { type: "array", items: PATH }],
  },
};

/**
 * The JSON Schema (draft 2020-12) of a file of a configuration. It knows keys and kinds of values, and never refuses
 * what `parsePipeline` takes.
 */
export function configSchema(kind: ConfigFileKind = "pipeline"): JsonSchema {
  const { required, properties, ...schema } = converted(kind);
  const titles = { pipeline: "A", operator: "An operator of a", node: "A node of a" };
  const head = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: `${titles[kind]} Holdfast pipeline`,
  };
  // A file is named after its id: it may leave it out.
  if (kind !== "pipeline") {
    return { ...head, ...schema, properties: { ...FILE_PROPERTIES, ...properties } };
  }
  for (const key of ["operators", "nodes"]) properties[key]!.anyOf!.push(REFS);
  const variables: JsonSchema = {
    type: "object",
    description: "Values for ${name} in this file and those that it names.",
  };
  const pipeline: JsonSchema = { description: "The pipeline.", ...schema, properties };
  return {
    ...head,
    type: "object",
    additionalProperties: false,
    properties: { ...FILE_PROPERTIES, variables, pipeline },
    // Missing keys may be in an included file.
    if: { required: ["include"] },
    else: { required: ["pipeline"], properties: { pipeline: { type: "object", required } } },
  };
}

/** Definitions here, or the names of files that have them. */
const REFS: JsonSchema = {
  type: "object",
  additionalProperties: false,
  required: ["refs"],
  properties: {
    refs: orReference({
      type: "array",
      description: "id:version, or an id alone: files in the folder operators/ or nodes/.",
      items: orReference({ type: "string", pattern: REF }),
    }),
  },
};

function converted(kind: ConfigFileKind): JsonSchema & { properties: Record<string, JsonSchema> } {
  const { $schema: _, ...schema } = toJsonSchema(SCHEMAS[kind], {
    errorMode: "ignore", // what JSON Schema cannot say
    overrideAction: ({ valibotAction, jsonSchema }) =>
      (valibotAction as { metadata?: { json?: JsonSchema } }).metadata?.json ?? jsonSchema,
  });
  return withReferences(schema) as ReturnType<typeof converted>;
}

/** Editors see a file before `${…}` is replaced: a reference may stand for each value. */
function withReferences(schema: JsonSchema): JsonSchema {
  const made = { ...schema };
  if (made.properties !== undefined) {
    const entries = Object.entries(made.properties as Record<string, JsonSchema>);
    made.properties = Object.fromEntries(
      entries.map(([key, value]) => [key, orReference(withReferences(value))]),
    );
    if (made.required?.length === 0) delete made.required;
  }
  for (const key of ["items", "additionalProperties"] as const) {
    const inner = made[key];
    if (typeof inner === "object" && !Array.isArray(inner)) {
      made[key] = orReference(withReferences(inner));
    }
  }
  if (made.anyOf !== undefined) {
    made.anyOf = made.anyOf.map((one) => withReferences(one as JsonSchema));
  }
  return made;
}

function orReference({ description, ...schema }: JsonSchema): JsonSchema {
  const head = description === undefined ? {} : { description };
  const isAnyText = schema.type === "string" && !schema.pattern && !schema.enum;
  if (isAnyText || schema.properties !== undefined) return { ...head, ...schema };
  const { anyOf = [schema] } = schema;
  return { ...head, anyOf: [...anyOf, REFERENCE] };
}

/** The files, with what they have to hold. */
export function schemaFiles(): { path: string; text: string }[] {
  return (["pipeline", "operator", "node"] satisfies ConfigFileKind[]).map((kind) => ({
    path: `${REPOSITORY}docs/${kind}.schema.json`,
    text: `${JSON.stringify(configSchema(kind), null, 2)}\n`,
  }));
}

if (import.meta.main) {
  for (const { path, text } of schemaFiles()) await Deno.writeTextFile(path, text);
}

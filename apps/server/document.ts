// The OpenAPI 3.1 document of all routes.
import type { StandardSchema } from "../../registry/mod.ts";
import { valibotToJsonSchema } from "./schemas/json_schema.ts";
import { PROBLEM_TYPE, TITLES } from "./problem.ts";
import type { Content, DescribedAnswer, RouteEntry } from "./gateways/gateway.ts";
import { ProblemSchema } from "./schemas/artifact.ts";

type Json = Record<string, unknown>;

/** Returns the document of routes. It mentions tokens only if there are any. */
export function createDocument(
  routes: readonly RouteEntry[],
  { version, hasTokens }: { version: string; hasTokens: boolean },
): Json {
  const schemas: Json = {};
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    if (route.method === "PROPFIND") continue; // OpenAPI 3.1 has only the usual methods
    const path = route.path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}");
    const operation = describe(route, schemas);
    const methods = paths[path] ??= {};
    methods[route.method.toLowerCase()] ??= operation; // the first one wins, as in a table
    if (route.method === "GET") methods.head ??= headOf(operation);
  }
  const tokens = { securitySchemes: { token: { type: "http", scheme: "bearer" } } };
  const description = "Versioned artifacts on your own storage.";
  return {
    openapi: "3.1.0",
    info: { title: "Holdfast", version, description },
    ...(hasTokens ? { security: [{ token: [] }] } : {}),
    components: { schemas, ...(hasTokens ? tokens : {}) },
    paths,
  };
}

function describe(route: RouteEntry, schemas: Json): Json {
  const { id, tag, summary, description, scope, method, json, answers } = route;
  const isOpen = scope === "open";
  const problems = (isOpen ? OPEN : USUAL).filter((status) =>
    method !== "GET" || !OF_BODIES.includes(status)
  );
  const problem = { [PROBLEM_TYPE]: { schema: ProblemSchema } };
  const parameters = [...pathParameters(route.path), ...headers(route), ...queryParameters(route)];
  const body = {
    ...route.body,
    ...(json === undefined ? {} : { "application/json": { schema: json } }),
  };
  const types = Object.keys(body);
  const required = !types.some((type) => type.endsWith("octet-stream"));
  const content = (content: Content) => describeContent(content, schemas);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(isOpen ? { security: [] } : {}),
    "x-scope": scope,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(types.length > 0 ? { requestBody: { required, content: content(body) } } : {}),
    responses: {
      ...Object.fromEntries(
        [...problems, ...route.problems ?? []].map((
          status,
        ) => [status, { description: TITLES[status], content: content(problem) }]),
      ),
      ...mapValues(
        answers as Record<string, DescribedAnswer>,
        (answer) => describeAnswer(answer, schemas),
      ),
    },
  };
}

function describeAnswer(
  { description, schema, content, headers = {} }: DescribedAnswer,
  schemas: Json,
): Json {
  const all = schema === undefined ? content : { "application/json": { schema }, ...content };
  const named = mapValues(headers, (description) => ({ description, schema: { type: "string" } }));
  return {
    description,
    ...(Object.keys(named).length === 0 ? {} : { headers: named }),
    ...(all === undefined ? {} : { content: describeContent(all, schemas) }),
  };
}

function describeContent(content: Content, schemas: Json): Json {
  return mapValues(content, ({ schema }) => {
    if (schema === undefined) return {};
    if (!("~standard" in schema)) return { schema };
    return { schema: named(toJson(schema as StandardSchema), schemas) };
  });
}

/** Schemas in JSON, each converted once: most routes answer with the same problems. */
const converted = new WeakMap<StandardSchema, Json>();

/** Returns a schema in JSON, which callers must not change. */
function toJson(schema: StandardSchema): Json {
  const known = converted.get(schema);
  if (known !== undefined) return known;
  const { $schema: _, ...json } = valibotToJsonSchema(schema as never);
  converted.set(schema, json);
  return json;
}

/** Moves schemas that have a name to `schemas`, and returns references to them. */
function named<T>(json: T, schemas: Json): T {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((each) => named(each, schemas)) as T;
  const { ref, ...rest } = json as Json;
  if (typeof ref !== "string") return mapValues(json as Json, (each) => named(each, schemas)) as T;
  schemas[ref] ??= mapValues(rest, (each) => named(each, schemas));
  return { $ref: `#/components/schemas/${ref}` } as T;
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    in: "path",
    name,
    description: PARAMETERS[name],
    required: true,
    schema: { type: "string", minLength: 1 }, // an empty segment leads to another route
  }));
}

function queryParameters({ query }: RouteEntry): Json[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = toJson(query) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    in: "query",
    name,
    schema,
    ...(description === undefined ? {} : { description }),
    ...(required.includes(name) ? { required: true } : {}),
  }));
}

function headers({ requestHeaders = {} }: RouteEntry): Json[] {
  return Object.entries(requestHeaders).map(([name, description]) => ({
    in: "header",
    name,
    description,
    schema: { type: "string" },
  }));
}

/** Returns HEAD of GET: the same answers without a body. */
function headOf({ operationId, responses, ...get }: Json): Json {
  return {
    ...get,
    operationId: `${operationId}Head`,
    responses: mapValues(responses as Record<string, Json>, ({ content: _, ...answer }) => answer),
  };
}

function mapValues<V, R>(values: Record<string, V>, make: (value: V) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, make(value)]));
}

/** Problems of each route with a token. */
const USUAL = [400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 429, 500, 503];
/** Problems of each route without a token. */
const OPEN = [400, 403, 429, 500, 503];
/** Problems of the body of a request. */
const OF_BODIES = [408, 413, 415];

const PARAMETERS: Readonly<Record<string, string>> = {
  name: "The artifact, percent-encoded as one segment, with `@@` for `/`",
  version: "A version, a range, an alias or `latest`",
  alias: "The alias",
  path: "The path of the file, with `/`",
  draft: "The id of the draft, unique within the name",
  part: "The name of the part",
  upload: "The id of the upload",
  job: "The id of the job",
  run: "The run, as `training@3`",
  step: "The name of the step",
  file: "The name of the file",
  org: "The part of a repository id before its slash",
  repo: "The repository id, or its part after the slash",
  revision: "A version, a range, an alias, a commit of 40 hexadecimal digits, or `main`",
};

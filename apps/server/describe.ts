// Routes. One description defines the checks, the types and the OpenAPI document of a route.
import {
  describeRoute,
  generateSpecs,
  loadVendor,
  resolver,
  validator,
} from "npm:hono-openapi@^1.3";
import { invalid, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { parseExactJson } from "../../core/text/json_text.ts";
import { nextTurn } from "../../core/work/next_turn.ts";
import type { StandardSchema } from "../../registry/mod.ts";
import { valibotToJsonSchema } from "./json_schema.ts";
import { checkStillAllowed, guardRoute } from "./access/guard_route.ts";
import type { Access, RouteScope } from "./access/access.ts";
import { PROBLEM_TYPE, RefusedRequest, TITLES } from "./problem.ts";
import {
  type Answer,
  answerJson,
  createRoutes,
  paramsOf,
  type RouteContext,
  type RouteHandler,
  type RouteMiddleware,
  type Routes,
} from "./routing.ts";
import { ProblemSchema } from "./schemas/artifact.ts";
import { check } from "./schemas/listing.ts";

type Content = Record<string, { schema?: StandardSchema | Record<string, unknown> }>;

interface DescribedAnswer {
  description: string;
  schema?: StandardSchema;
  content?: Content;
  headers?: Record<string, string>;
}

export interface RouteDescription {
  id: string;
  tag: string;
  summary: string;
  description?: string;
  /** Checked for the `name` of the path. Routes without a name check `c.env.access` themselves. */
  scope: RouteScope;
  requestHeaders?: Record<string, string>;
  body?: Content;
  answers: Record<number, DescribedAnswer>;
  problems?: readonly number[];
}

type Output<S> = S extends StandardSchema<infer O> ? O : undefined;

/** The parameters of a path: `name` and `path` of `/:name/files/:path{[^]+}`. */
type ParamOf<P extends string> = P extends `${infer Part}/${infer Rest}`
  ? ParamOf<Part> | ParamOf<Rest>
  : P extends `:${infer Name}{${string}` ? Name
  : P extends `:${infer Name}` ? Name
  : never;

export interface Route<P extends string, Q, J> extends RouteDescription {
  /** The schema of the query. @default not read */
  query?: Q;
  /** The schema of the JSON body. @default not read */
  json?: J;
  answer(asked: {
    c: RouteContext;
    params: Record<ParamOf<P>, string>;
    query: Output<Q>;
    json: Output<J>;
    access: Access;
    signal: AbortSignal;
  }): Answer | Promise<Answer>;
}

/** The routes of each application with their descriptions, which only the document needs. */
const described = new WeakMap<Routes, Routes>();

/** Adds a route. Its description checks token, query and body, and goes into the document. */
export function route<
  P extends `${string} /${string}`,
  Q extends StandardSchema | undefined = undefined,
  J extends StandardSchema | undefined = undefined,
>(routes: Routes, at: P, { query, json, answer, ...rest }: Route<P, Q, J>): void {
  const [method, path] = at.split(" ") as [string, string];
  const checks = [
    ...(query === undefined ? [] : [validator("query", query)]),
    ...(json === undefined ? [] : [validator("json", json)]),
  ] as RouteMiddleware[];
  let documented = described.get(routes);
  if (documented === undefined) described.set(routes, documented = createRoutes());
  documented.on(method, path, describe(rest), ...checks);

  const guard = guardRoute(rest.scope, Object.keys(rest.requestHeaders ?? {}));
  // One handler checks and answers: each further one takes microseconds of every request.
  const handle = async (c: RouteContext): Promise<Answer> => {
    c.json = answerJson;
    const params = paramsOf(c);
    guard(c, params);
    const asked = {
      query: query && queryOf(c, query),
      json: json && await jsonOf(c, json),
    } as { query: Output<Q>; json: Output<J> };
    if (json !== undefined) await checkStillAllowed(c);
    return await answer({
      c,
      params: params as Record<ParamOf<P>, string>,
      ...asked,
      access: c.env.access,
      get signal() { // lazy: reads must not touch it, see `ServerContext`
        return c.req.raw.signal;
      },
    });
  };
  routes.on(method, path, Object.assign(handle, { scope: rest.scope }) as unknown as RouteHandler);
}

function queryOf(c: RouteContext, schema: StandardSchema): unknown {
  const given = Object.entries(c.req.queries() as Record<string, string[]>)
    .map(([key, values]) => [key, values.length === 1 ? values[0] : values]);
  return checked("query", Object.fromEntries(given), schema);
}

/** Longer bodies are decoded, parsed and checked in three turns. */
const LONG = 1024 ** 2;

/** Checks the media type, then the body. */
async function jsonOf(c: RouteContext, schema: StandardSchema): Promise<unknown> {
  checkJsonType(c.req.raw);
  let data: unknown;
  try {
    const text = await c.req.text();
    if (text.length > LONG) await nextTurn();
    data = parseExactJson(text);
    if (text.length > LONG) await nextTurn();
  } catch (error) {
    if (isRegistryError(error, "Invalid")) throw error;
    throw new RefusedRequest({
      status: 400,
      code: "Invalid",
      action: "read the body",
      state: "it is not valid JSON",
      hint: "Follow the schema in /openapi.json.",
    });
  }
  return checked("body", data, schema);
}

function checked(
  target: "query" | "body",
  data: unknown,
  schema: StandardSchema,
): unknown {
  const { success, output, issues } = check(schema as Parameters<typeof check>[0], data);
  if (!success) throw refused(target, data, issues[0] as Issue);
  return output;
}

loadVendor("valibot", { toJSONSchema: valibotToJsonSchema as never });

/** Problems of each route with a token. */
const USUAL = [400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 429, 500, 503];
/** Problems of each route without a token. */
const OPEN = [400, 403, 429, 500, 503];

function describe(route: RouteDescription): ReturnType<typeof describeRoute> {
  const { id, tag, summary, description, scope, requestHeaders = {}, body, answers } = route;
  const isOpen = scope === "open";
  const problems = [...(isOpen ? OPEN : USUAL), ...route.problems ?? []];
  const content = { [PROBLEM_TYPE]: { schema: resolver(ProblemSchema) } };
  const parameters = Object.entries(requestHeaders).map(([name, description]) => ({
    in: "header",
    name,
    description,
    schema: { type: "string" },
  }));
  const isOfBytes = Object.keys(body ?? {}).some((type) => type.endsWith("octet-stream"));
  return describeRoute(
    {
      operationId: id,
      tags: [tag],
      summary,
      description,
      ...(isOpen ? { security: [] } : {}),
      "x-scope": scope,
      ...(parameters.length > 0 ? { parameters } : {}),
      ...(body === undefined
        ? {}
        : { requestBody: { required: !isOfBytes, content: describeContent(body) } }),
      responses: {
        ...Object.fromEntries(
          problems.map((status) => [status, { description: TITLES[status], content }]),
        ),
        ...mapValues(answers as Record<string, DescribedAnswer>, describeAnswer),
      },
    } as unknown as Parameters<typeof describeRoute>[0],
  );
}

function describeAnswer({ description, schema, content, headers = {} }: DescribedAnswer) {
  const all = schema === undefined ? content : { "application/json": { schema }, ...content };
  const named = mapValues(headers, (description) => ({ description, schema: { type: "string" } }));
  return {
    description,
    ...(Object.keys(named).length === 0 ? {} : { headers: named }),
    ...(all === undefined ? {} : { content: describeContent(all) }),
  };
}

function describeContent(content: Content) {
  return mapValues(content, ({ schema }) => {
    if (schema === undefined) return {};
    return { schema: "~standard" in schema ? resolver(schema as StandardSchema) : schema };
  });
}

function mapValues<V, R>(given: Record<string, V>, make: (value: V) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, make(value)]));
}

function checkJsonType({ headers }: Request): void {
  const type = headers.get("content-type");
  if (type !== null && /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(type)) return;
  throw new RefusedRequest({
    status: 415,
    code: "Invalid",
    action: "read the body",
    state: `its content-type is ${JSON.stringify(type?.slice(0, 80) ?? "")}`,
    hint: "Send JSON with content-type: application/json.",
  });
}

interface Issue {
  message: string;
  path?: { key: unknown }[];
  expected?: string | null;
  received?: string;
}

function refused(target: "query" | "body", data: unknown, issue: Issue): RegistryError {
  const path = (issue.path ?? []).map(({ key }) => String(key)).join(".");
  const times = target === "query" && (data as Record<string, unknown>)[path];
  const state = Array.isArray(times)
    ? `given ${times.length} times instead of once`
    : path === ""
    ? issue.message
    : stateOf(issue);
  return invalid("read the", target, path === "" ? state : `${path}: ${state}`, {
    hint: "Follow the schema in /openapi.json.",
  });
}

function stateOf({ message, expected, received }: Issue): string {
  if (received === "undefined") return "missing";
  return expected === "never" ? "unknown member" : message;
}

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

/** Returns the OpenAPI 3.1 document of routes. It mentions tokens only if there are any. */
export async function createDocument(
  routes: Routes,
  { version, hasTokens }: { version: string; hasTokens: boolean },
): Promise<Record<string, unknown>> {
  const tokens = {
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    security: [{ token: [] }],
  } as const;
  const description = "Versioned artifacts on your own storage.";
  const document = await generateSpecs(described.get(routes) ?? routes, {
    excludeStaticFile: false,
    excludeMethods: [],
    documentation: {
      info: { title: "Holdfast", version, description },
      ...(hasTokens ? tokens as never : {}),
    },
  });
  const paths = document.paths as unknown as Record<string, Record<string, Operation>>;
  for (const [path, methods] of Object.entries(paths)) {
    addParameters(path, methods);
    addHead(methods);
  }
  return document as unknown as Record<string, unknown>;
}

interface Operation {
  operationId: string;
  parameters?: unknown[];
  responses: Record<string, { content?: unknown }>;
}

function addParameters(path: string, methods: Record<string, Operation>): void {
  const ofPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    in: "path",
    name,
    description: PARAMETERS[name],
    required: true,
    schema: { type: "string", minLength: 1 }, // an empty segment leads to another route
  }));
  if (ofPath.length === 0) return;
  for (const operation of Object.values(methods)) {
    const others = (operation.parameters ?? []).filter((each) =>
      (each as { in?: string }).in !== "path"
    );
    operation.parameters = [...ofPath, ...others];
  }
}

/** Adds HEAD to GET: the same answers without a body. Requests of both have no body either. */
function addHead(methods: Record<string, Operation>): void {
  if (methods.get === undefined || methods.head !== undefined) return;
  for (const ofBodies of ["408", "413", "415"]) delete methods.get.responses[ofBodies];
  const { operationId, responses, ...get } = methods.get;
  methods.head = {
    ...get,
    operationId: `${operationId}Head`,
    responses: mapValues(responses, ({ content: _, ...answer }) => answer),
  };
}

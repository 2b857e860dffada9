// Routes: each is described once, for its checks, its types and the OpenAPI document.
import {
  describeRoute,
  generateSpecs,
  loadVendor,
  resolver,
  validator,
} from "npm:hono-openapi@^1.3";
import { fault } from "../../core/errors.ts";
import type { StandardSchema } from "../../registry/mod.ts";
import { valibotToJsonSchema } from "./json_schema.ts";
import { guardRoute } from "./access/guard_route.ts";
import type { Access, RouteScope } from "./access/access.ts";
import { PROBLEM_TYPE, RefusedRequest, TITLES } from "./problem.ts";
import type { RouteContext, RouteMiddleware, Routes } from "./routing.ts";
import { ProblemSchema } from "./schemas/artifact.ts";

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
  /** Who may call it: checked for the `name` of its path; where it has none, the route itself asks `c.env.access`. */
  scope: RouteScope;
  requestHeaders?: Record<string, string>;
  body?: Content;
  answers: Record<number, DescribedAnswer>;
  problems?: readonly number[];
}

type Output<S> = S extends StandardSchema<infer O> ? O : undefined;

/** A request that met the description of its route. */
export interface AskedRoute<Q, J> {
  c: RouteContext;
  /** The parameters of the path, decoded. */
  params: Record<string, string>;
  query: Output<Q>;
  json: Output<J>;
  access: Access;
  signal: AbortSignal;
}

export interface Route<Q, J> extends RouteDescription {
  /** The schema of its query. @default not read */
  query?: Q;
  /** The schema of the JSON that it is sent. @default not read */
  json?: J;
  answer(asked: AskedRoute<Q, J>): Response | Promise<Response>;
}

/** Adds a route. Its description checks the token, the query and the body, and stands in the OpenAPI document. */
export function route<
  Q extends StandardSchema | undefined = undefined,
  J extends StandardSchema | undefined = undefined,
>(routes: Routes, at: `${string} /${string}`, { query, json, answer, ...rest }: Route<Q, J>): void {
  const [method, path] = at.split(" ");
  const checks = [
    ...(query === undefined ? [] : [validator("query", query, refuse)]),
    ...(json === undefined ? [] : [checkedJson(json)]),
  ] as RouteMiddleware[];
  routes.on(method, path, describe(rest), ...checks, (c) =>
    answer({
      c,
      params: c.req.param(),
      query: c.req.valid("query" as never) as Output<Q>,
      json: c.req.valid("json" as never) as Output<J>,
      access: c.env.access,
      get signal() { // what reads leaves it alone
        return c.req.raw.signal;
      },
    }));
}

/** Refuses other media types; what a check carries for the document goes with it. */
function checkedJson(schema: StandardSchema): RouteMiddleware {
  const checked = validator("json", schema, refuse) as RouteMiddleware;
  const guarded: RouteMiddleware = (c, next) => {
    checkJsonType(c.req.raw);
    return checked(c, next);
  };
  return Object.assign(guarded, checked);
}

type Spec = Parameters<typeof describeRoute>[0];

loadVendor("valibot", { toJSONSchema: valibotToJsonSchema as never });

function describe(route: RouteDescription): ReturnType<typeof describeRoute> {
  const { id, tag, summary, description, scope, requestHeaders = {}, body, answers } = route;
  const { problems = [] } = route;
  const answered = Object.entries(answers).map(([status, answer]) =>
    [status, describeAnswer(answer)] as const
  );
  const usual = scope === "open" ? [400, 403, 429, 500, 503] : USUAL;
  const refused = [...usual, ...problems].map((status) => {
    const content = { [PROBLEM_TYPE]: { schema: resolver(ProblemSchema) } };
    return [status, { description: TITLES[status], content }] as const;
  });
  const parameters = Object.entries(requestHeaders).map(([name, description]) => ({
    in: "header",
    name,
    description,
    schema: { type: "string" }, // may be empty
  }));
  return guardRoute(
    scope,
    describeRoute({
      operationId: id,
      tags: [tag],
      summary,
      description,
      ...(scope === "open" ? { security: [] } : {}),
      "x-scope": scope,
      ...(parameters.length > 0 ? { parameters } : {}),
      ...(body === undefined
        ? {}
        : { requestBody: { required: !isOfBytes(body), content: describeContent(body) } }),
      responses: Object.fromEntries([...refused, ...answered]),
    } as unknown as Spec),
    Object.keys(requestHeaders),
  );
}

/** Whether a body is bytes, of which there may be none. */
function isOfBytes(body: Content): boolean {
  return Object.keys(body).some((type) => type.endsWith("octet-stream"));
}

function describeAnswer({ description, schema, content, headers = {} }: DescribedAnswer) {
  const all = schema === undefined ? content : { "application/json": { schema }, ...content };
  const named = Object.entries(headers).map(([name, description]) =>
    [name, { description, schema: { type: "string" } }] as const
  );
  return {
    description,
    ...(named.length === 0 ? {} : { headers: Object.fromEntries(named) }),
    ...(all === undefined ? {} : { content: describeContent(all) }),
  };
}

function describeContent(content: Content) {
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema }]) => [
      type,
      schema === undefined ? {} : { schema: isStandard(schema) ? resolver(schema) : schema },
    ]),
  );
}

function isStandard(schema: StandardSchema | Record<string, unknown>): schema is StandardSchema {
  return "~standard" in schema;
}

function checkJsonType({ headers }: Request): void {
  const type = headers.get("content-type");
  if (type !== null && /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(type)) return;
  throw new RefusedRequest({
    status: 415,
    code: "Invalid",
    message: `Cannot read the body: its content-type is ${
      JSON.stringify(type?.slice(0, 80) ?? "")
    }`,
    hint: "Send JSON, and say so: content-type: application/json.",
  });
}

function refuse(
  checked: { success: boolean; target: string; data: unknown; error?: readonly unknown[] },
): void {
  if (checked.success) return;
  const issues = (checked.error ?? []) as Issue[];
  const said = issues.slice(0, 5).map((issue) => {
    const place = (issue.path ?? []).map((step) =>
      String(typeof step === "object" ? step.key : step)
    ).join(".");
    const times = checked.target === "query" ? timesGiven(checked.data, place) : 1;
    if (times > 1) return `${place}: it is given ${times} times, and taken once`;
    return place === "" ? issue.message : `${place}: ${stateOf(issue)}`;
  });
  throw fault({
    code: "Invalid",
    action: "read the",
    subject: checked.target === "query" ? "query" : "body",
    state: said.join("; "),
    hint: "The document at /openapi.json says what is taken here.",
  });
}

function timesGiven(given: unknown, parameter: string): number {
  const value = (given as Record<string, unknown> | undefined)?.[parameter];
  return Array.isArray(value) ? value.length : 1;
}

/** The problems of every route that is not open. */
const USUAL = [400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 429, 500, 503];

/** What the parameters of paths are. */
const PARAMETERS: Readonly<Record<string, string>> = {
  name: "The artifact, percent-encoded as one segment",
  version: "A version, a range, an alias or `latest`",
  alias: "The alias",
  path: "The path of the file, with `/`",
  draft: "The id of the draft among those of the name",
  part: "The name of the part",
  upload: "The id of the upload",
  job: "The id of the job",
  run: "The run, as `training@3`",
};

/** The OpenAPI 3.1 document of these routes. Where nobody is asked for a token, none is spoken of. */
export async function createDocument(
  routes: Routes,
  { version, hasTokens }: { version: string; hasTokens: boolean },
): Promise<Record<string, unknown>> {
  const document = await generateSpecs(routes, {
    excludeStaticFile: false,
    excludeMethods: [],
    documentation: {
      info: {
        title: "Holdfast",
        version,
        description: "Versioned artifacts on storage that you already have.",
      },
      ...(hasTokens
        ? {
          components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
          security: [{ token: [] }],
        }
        : {}),
    },
  });
  const paths = document.paths as unknown as Record<string, Record<string, Operation>>;
  addParameters(paths);
  addHeads(paths);
  return document as unknown as Record<string, unknown>;
}

interface Operation {
  operationId: string;
  parameters?: unknown[];
  responses: Record<string, { content?: unknown }>;
}

/** An empty segment leads to another route. */
function addParameters(paths: Record<string, Record<string, Operation>>): void {
  for (const [path, methods] of Object.entries(paths)) {
    const ofPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      in: "path",
      name,
      description: PARAMETERS[name],
      required: true,
      schema: { type: "string", minLength: 1 },
    }));
    for (const operation of Object.values(methods)) {
      const others = (operation.parameters ?? []).filter((each) =>
        (each as { in?: string }).in !== "path"
      );
      if (ofPath.length > 0) operation.parameters = [...ofPath, ...others];
    }
  }
}

/**
 * Whatever is asked for with GET can be asked for with HEAD, which answers the same without a body. Neither has a body
 * that could be wrong.
 */
function addHeads(paths: Record<string, Record<string, Operation>>): void {
  for (const methods of Object.values(paths)) {
    if (methods.get === undefined || methods.head !== undefined) continue;
    for (const ofBodies of ["408", "413", "415"]) delete methods.get.responses[ofBodies];
    const { operationId, responses, ...get } = methods.get;
    const without = Object.entries(responses).map(([status, { content: _, ...answer }]) =>
      [status, answer] as const
    );
    methods.head = {
      ...get,
      operationId: `${operationId}Head`,
      responses: Object.fromEntries(without),
    };
  }
}

interface Issue {
  message: string;
  path?: { key: unknown }[];
  expected?: string | null;
  received?: string;
}

/** What is missing, and what nobody asked for, is said in the words of the library and not of its checker. */
function stateOf({ message, expected, received }: Issue): string {
  if (received === "undefined") return "it is missing";
  return expected === "never" ? "there is no such member" : message;
}

// Routes. One description defines the checks, the types and the document of a route.
import { invalid, isRegistryError } from "../../core/errors.ts";
import { parseExactJson } from "../../core/text/json_text.ts";
import { nextTurn } from "../../core/work/next_turn.ts";
import type { StandardSchema } from "../../registry/mod.ts";
import { checkStillAllowed, guardRoute } from "./access/guard_route.ts";
import { answerInPlace } from "./guard/in_place.ts";
import { type Access, isChange } from "./access/access.ts";
import { RefusedRequest } from "./problem.ts";
import { wholeRequest } from "./gateways/gateway.ts";
import type { RouteContext, RouteDescription, Routes, SentRequest } from "./gateways/gateway.ts";
import { Answer } from "./answer.ts";
import { check, faultOf } from "./schemas/listing.ts";

export type { RouteDescription };

/** The values that a schema accepts; undefined without a schema. */
export type ValueOf<S> = S extends StandardSchema<infer O> ? O : undefined;

/** The parameters of a path: `name` and `path` of `/:name/files/:path{[^]+}`. */
export type ParamOf<P extends string> = P extends `${infer Part}/${infer Rest}`
  ? ParamOf<Part> | ParamOf<Rest>
  : P extends `:${infer Name}{${string}` ? Name
  : P extends `:${infer Name}` ? Name
  : never;

/** The first fault of a query or a body. */
export interface RequestFault {
  /** The place of it, `metrics.0.key`; empty for the whole. */
  readonly at: string;
  readonly state: string;
  /** The value there. */
  readonly value: unknown;
}

type Refused = (fault: RequestFault) => Error;

/** A route: its description, and the code that answers. */
export interface Route<P extends string, Q, J> extends RouteDescription {
  /** A verb, for errors about rights. @default the scope */
  action?: string;
  /** The schema of the query, with a maximum for each list, string and number. @default not read */
  query?: Q;
  /** The schema of the JSON body, likewise. @default not read */
  json?: J;
  /**
   * Parses the text of a body for `json`, whatever its media type.
   *
   * @default JSON, with a media type of JSON
   */
  parse?(text: string, mediaType: string): unknown;
  /**
   * Returns the error of a query or a body that its schema refuses, for the words of a protocol.
   *
   * @default `Invalid`, in the words of the service
   */
  refused?(fault: RequestFault): Error;
  /** Returns further parameters, from a path that a pattern cannot describe. */
  paramsOf?(path: string): Record<string, string>;
  answer(asked: {
    c: RouteContext;
    params: Record<ParamOf<P>, string>;
    query: ValueOf<Q>;
    json: ValueOf<J>;
    access: Access;
    signal: AbortSignal;
  }): Answer | Promise<Answer>;
}

/** Adds a route. Its description checks token, query and body, and goes into the document. */
export function route<
  P extends `${string} /${string}`,
  Q extends StandardSchema | undefined = undefined,
  J extends StandardSchema | undefined = undefined,
>(
  routes: Routes,
  at: P,
  { action, query, json, parse, refused, paramsOf, answer, ...described }: Route<P, Q, J>,
): void {
  const [method, path] = at.split(" ") as [string, string];
  const guard = guardRoute(
    described.scope,
    Object.keys(described.requestHeaders ?? {}),
    action,
  );
  routes.add({
    method,
    path,
    query,
    json,
    ...described,
    async answer(c) {
      if (paramsOf !== undefined) Object.assign(c.params, paramsOf(c.sentPath));
      guard(c);
      const asked = {
        query: query && queryOf(c, query, refused),
        json: json && await jsonOf(c, json, { parse, refused }),
      } as { query: ValueOf<Q>; json: ValueOf<J> };
      if (json !== undefined) await checkStillAllowed(c);
      if (isChange(described.scope)) c.info.writes = c.params.name;
      const { access } = c.info;
      const params = c.params as Record<ParamOf<P>, string>;
      const answered = () =>
        answer({
          c,
          params,
          ...asked,
          access,
          get signal() { // lazy: reads must not touch it, see `ServerContext`
            return c.request.signal;
          },
        });
      const given = described.readsMany ? await answerInPlace(c, answered) : await answered();
      if (given instanceof Answer) return given;
      throw new TypeError(`the route ${at} returned no \`Answer\`, such as that of c.json(…)`);
    },
  });
}

/** The longest query: more than most servers take. */
const MOST_QUERY = 65_536;

function queryOf(c: RouteContext, schema: StandardSchema, refused?: Refused): unknown {
  const { url } = wholeRequest(c);
  const from = url.indexOf("?");
  const text = from < 0 ? "" : url.slice(from);
  if (text.length > MOST_QUERY) {
    throw new RefusedRequest({
      status: 414,
      code: "Invalid",
      action: "read the query",
      state: `it is longer than ${MOST_QUERY} characters`,
      hint: "Ask for less in one request.",
    });
  }
  const values = new Map<string, string | string[]>();
  for (const [key, value] of new URLSearchParams(text)) {
    const before = values.get(key);
    if (Array.isArray(before)) before.push(value);
    else values.set(key, before === undefined ? value : [before, value]);
  }
  return checked("query", Object.fromEntries(values), { schema, refused });
}

/** Longer bodies are decoded, parsed and checked in three turns. */
const LONG = 128 * 1024;

/** Checks the media type, then the body. */
async function jsonOf(
  c: RouteContext,
  schema: StandardSchema,
  { parse, refused }: { parse?(text: string, mediaType: string): unknown; refused?: Refused },
): Promise<unknown> {
  if (parse === undefined) checkJsonType(c.request);
  let data: unknown;
  try {
    const text = await wholeRequest(c).text();
    if (text.length > LONG) await nextTurn();
    data = parse === undefined ? parseExactJson(text) : parse(text, c.header("content-type") ?? "");
    if (text.length > LONG) await nextTurn();
  } catch (error) {
    if (isRegistryError(error, "Invalid")) throw error;
    const hint = "Follow the schema in /openapi.json.";
    throw invalid("read the body", undefined, "it is not valid JSON", { hint });
  }
  return checked("body", data, { schema, refused });
}

function checked(
  target: "query" | "body",
  data: unknown,
  { schema, refused = inWords(target, data) }: { schema: StandardSchema; refused?: Refused },
): unknown {
  const { success, output, issues } = check(schema as Parameters<typeof check>[0], data);
  if (success) return output;
  const fault = faultOf(issues);
  throw refused({ ...fault, value: valueAt(data, fault.at) });
}

function valueAt(data: unknown, at: string): unknown {
  const keys = at === "" ? [] : at.split(".");
  return keys.reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], data);
}

function checkJsonType({ headers }: SentRequest): void {
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

/** Returns the error of a fault, in the words of the service. */
function inWords(target: "query" | "body", data: unknown): Refused {
  return ({ at, state }) => {
    const times = target === "query" && (data as Record<string, unknown>)[at];
    const whole = Array.isArray(times) ? `given ${times.length} times instead of once` : state;
    return invalid("read the", target, at === "" ? whole : `${at}: ${whole}`, {
      hint: "Follow the schema in /openapi.json.",
    });
  };
}

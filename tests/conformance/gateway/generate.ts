// Requests to routes, made from their schemas: the smallest that is valid, the largest ones, and random
// ones, which are the same for the same seed.
import type { RouteEntry } from "../../../apps/server/gateways/gateway.ts";
import { type Json, jsonOf } from "./bounds.ts";

/**
 * Facts that a schema cannot have: values of parameters and members by their names, for one artifact.
 * `$body` is the whole body of the smallest request.
 */
export type KnownValues = Readonly<Record<string, string>>;

/** Writes costly texts of a length by the name of the member, for the index of an item in a list. */
export type CostlyTexts = Readonly<Record<string, (length: number, at: number) => string>>;

/** A request to a route. */
export interface MadeRequest {
  /** The route, and what is large in it. */
  title: string;
  route: RouteEntry;
  method: string;
  /** The path with the query. */
  path: string;
  body?: string;
  headers: Record<string, string>;
}

/** Characters of a query and of a body that servers and the service accept. */
const MOST_QUERY = 60_000, MOST_BODY = 1_000_000;

type Parts = { query?: Record<string, unknown>; json?: unknown };

/** Returns the smallest valid request to a route. */
export function smallestRequest(route: RouteEntry, values: KnownValues): MadeRequest {
  const made = requestOf(route, values, smallestParts(route, values), "smallest");
  const { $body: body } = values;
  return body === undefined ? made : { ...made, body };
}

/** Returns a request for each member that can be large, with that one as large as it may be. */
export function* largestRequests(
  route: RouteEntry,
  values: KnownValues,
  texts: CostlyTexts = {},
): Generator<MadeRequest> {
  const small = smallestParts(route, values);
  yield requestOf(route, values, small, "smallest");
  for (const [part, most] of [["query", MOST_QUERY], ["json", MOST_BODY]] as const) {
    const schema = route[part] && jsonOf(route[part]);
    if (schema === undefined) continue;
    for (const [name, member] of Object.entries(propertiesOf(schema))) {
      for (const kind of ["different", "same"] as const) {
        const write = texts[name];
        const value = write !== undefined && typeOf(member) === "string"
          ? write(Math.min(maximumOf(member, "maxLength"), most / 2), 0)
          : largest(member, most, { kind, known: values[name], write });
        if (value === undefined || kind === "same" && !Array.isArray(value)) continue;
        const members = { ...small[part] as Record<string, unknown>, [name]: value };
        yield requestOf(route, values, { ...small, [part]: members }, `${part}.${name} ${kind}`);
      }
    }
  }
}

const FOREIGN = ["é", "日", 'inline; filename="é"'];
/** Headers that services may repeat. */
const REPEATED = ["x-request-id", "origin", "range", "if-none-match", "accept", "referer", "host"];

/** Yields smallest requests with characters other than ASCII in one member of the query, or one header. */
export function* foreignRequests(route: RouteEntry, values: KnownValues): Generator<MadeRequest> {
  const made = smallestRequest(route, values);
  yield made;
  for (const name of REPEATED) {
    yield { ...made, title: `${made.title}, ${name}`, headers: { ...made.headers, [name]: "é" } };
  }
  const small = smallestParts(route, values);
  const { additionalProperties: more = false, ...schema } = route.query ? jsonOf(route.query) : {};
  const others = more === false ? {} : values; // a query of any members may have these
  for (const name of Object.keys({ ...propertiesOf(schema), ...others })) {
    for (const text of FOREIGN) {
      const query = { ...small.query, [name]: text };
      yield requestOf(route, values, { ...small, query }, `query.${name} ${text}`);
    }
  }
}

/** Yields random requests to these routes: most are valid by their schemas, some by none. */
export function* randomRequests(
  routes: readonly RouteEntry[],
  { seed, count, values: valuesOf = () => ({}) }: {
    seed: number;
    count: number;
    values?(route: RouteEntry): KnownValues;
  },
): Generator<MadeRequest> {
  const random = createRandom(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  for (let i = 0; i < count && routes.length > 0; i++) {
    const route = pick(routes);
    const values = valuesOf(route);
    const parts: Parts = {
      query: route.query && randomValue(jsonOf(route.query), random, values) as Parts["query"],
      json: route.json && randomValue(jsonOf(route.json), random, values),
    };
    const odd = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, random() < 0.2 ? pick(ODD) : value]),
    );
    const made = requestOf(route, odd, parts, `random ${seed}:${i}`);
    if (random() < 0.2) made.headers[pick(HEADERS)] = pick(ODD).replace(/[^ -~]/g, "?");
    if (random() < 0.05) made.path += `${made.path.includes("?") ? "&" : "?"}${pick(QUERIES)}`;
    if (random() < 0.05 && made.body !== undefined) made.body = pick(BODIES);
    yield made;
  }
}

const ODD = ["", ".", "..", "a@b@c", "%", "\u0000", "é", "a/../b", "@", "latest", "9".repeat(40)]
  .concat("x".repeat(300), "~", "null", "[]", "\ud800", " ", "*");
const HEADERS = ["range", "if-none-match", "if-match", "if-range", "accept", "depth", "destination"]
  .concat("authorization", "x-amz-date", "x-http-method-override", "x-forwarded-prefix");
const QUERIES = [
  "a".repeat(5000),
  "__proto__=1",
  "constructor=1&constructor=2",
  "%ff",
  "=&=&=",
  "limit",
];
const BODIES = ["", "[]", "null", "{", "[[[[[[", '{"__proto__":{}}', "1e999", "\u0000", "a=b"];

function smallestParts({ query, json }: RouteEntry, values: KnownValues): Parts {
  return {
    query: query && smallest(jsonOf(query), "", values) as Record<string, unknown>,
    json: json && smallest(jsonOf(json), "", values),
  };
}

function requestOf(
  route: RouteEntry,
  values: KnownValues,
  { query = {}, json }: Parts,
  title: string,
): MadeRequest {
  const path = route.path.replace(/:(\w+)(\{[^}]*\})?/g, (_, name, pattern) => {
    const value = values[name] ?? "none";
    const encode = (text: string) => encodeURIComponent(text.toWellFormed());
    return pattern === undefined ? encode(value) || "x" : value.split("/").map(encode).join("/");
  });
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const each of [value].flat()) asked.append(name, String(each));
  }
  const text = asked.toString();
  const [type = "application/json"] = json === undefined ? Object.keys(route.body ?? {}) : [];
  const hasBody = route.json !== undefined || route.body !== undefined;
  return {
    title: `${route.method} ${route.path}: ${title}`,
    route,
    method: route.method,
    path: path + (text === "" ? "" : `?${text}`),
    body: hasBody ? json === undefined ? "" : JSON.stringify(json) : undefined,
    headers: {
      ...hasBody && { "content-type": type },
      ...route.method === "PROPFIND" && { depth: "1" },
    },
  };
}

type Members = Readonly<Record<string, Json>>;

function propertiesOf(schema: Json): Members {
  const chosen = alternativesOf(schema)[0] ?? schema;
  return (chosen.properties ?? {}) as Members;
}

function alternativesOf({ anyOf, oneOf, allOf }: Json): readonly Json[] {
  return [anyOf, oneOf, allOf].flatMap((each) => (each ?? []) as Json[]);
}

function typeOf(schema: Json): unknown {
  return schema.type ?? alternativesOf(schema)[0]?.type;
}

function maximumOf(schema: Json, name: string): number {
  const all = [schema, ...alternativesOf(schema)].map((each) => each[name]);
  return Math.max(0, ...all.filter((each) => typeof each === "number"));
}

/** Returns the smallest valid value. Members that have a known value have it. */
function smallest(schema: Json, name: string, values: KnownValues): unknown {
  if ("const" in schema) return schema.const;
  if ("enum" in schema) {
    const words = schema.enum as unknown[];
    return words.includes(values[name]) ? values[name] : words[0];
  }
  const [first] = alternativesOf(schema);
  if (first !== undefined) return smallest(first, name, values);
  const text = values[name];
  switch (schema.type) {
    case "object": {
      const required = new Set(schema.required as string[] ?? []);
      return Object.fromEntries(
        Object.entries(propertiesOf(schema))
          .filter(([member]) => required.has(member) || Object.hasOwn(values, member))
          .map(([member, each]) => [member, smallest(each, member, values)]),
      );
    }
    case "array": {
      const count = Math.max(Number(schema.minItems ?? 0), text === undefined ? 0 : 1);
      return Array.from({ length: count }, () => smallest(schema.items as Json, name, values));
    }
    case "string":
      return text ?? textFor(schema, Number(schema.minLength ?? 0), 0);
    case "number":
    case "integer":
      return Math.max(Number(schema.minimum ?? 0), 0);
    case "boolean":
      return false;
    default:
      return null;
  }
}

/** Returns a large value; undefined for one that is always small. */
function largest(
  schema: Json,
  budget: number,
  options: { kind: "different" | "same"; known?: string; write?: CostlyTexts[string] },
): unknown {
  const { kind, known, write } = options;
  if ("const" in schema || "enum" in schema) return undefined;
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) {
    const all = alternatives.map((each) => largest(each, budget, options));
    return all.find(Array.isArray) ?? all.find((each) => each !== undefined);
  }
  const text = known ?? "a";
  switch (schema.type) {
    case "array": {
      const items = (schema.items ?? {}) as Json;
      const different = (i: number) =>
        write?.(Number(items.maxLength ?? 0), i) ?? textFor(items, Number(items.minLength ?? 1), i);
      const one = (i: number) =>
        items.type === "string" ? kind === "same" ? text : different(i) : smallest(items, "", {});
      const size = JSON.stringify(one(0)).length + 12;
      const count = Math.min(Number(schema.maxItems ?? 0), Math.floor(budget / size));
      return Array.from({ length: count }, (_, i) => one(i));
    }
    case "string":
      return textFor(schema, Math.min(Number(schema.maxLength ?? 0), budget / 2), 0);
    case "object": {
      const { additionalProperties: more, maxProperties = 0 } = schema;
      if (typeof more !== "object" || more === null) return undefined;
      const count = Math.min(Number(maxProperties), Math.floor(budget / 20));
      return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, "v"]));
    }
    case "number":
    case "integer":
      return schema.maximum;
    default:
      return undefined;
  }
}

/** Returns a text of a length, which a number makes different from others. */
function textFor({ pattern, format }: Json, length: number, i: number): string {
  if (pattern === "^[0-9a-f]{64}$") return i.toString(16).padStart(64, "0");
  if (pattern === "^[0-9]+$") return "1";
  if (format === "date-time") return "2026-01-01T00:00:00.000Z";
  const text = `${i === 0 ? "a" : `a${i}`}`;
  return text.length >= length
    ? text
    : text.repeat(Math.ceil(length / text.length)).slice(0, length);
}

function randomValue(schema: Json, random: () => number, values: KnownValues, name = ""): unknown {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  if (random() < 0.03) return pick([null, [], {}, "", -1, 1e308, true, ODD]);
  if ("const" in schema) return schema.const;
  if ("enum" in schema) return pick(schema.enum as unknown[]);
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) return randomValue(pick(alternatives), random, values, name);
  switch (schema.type) {
    case "object": {
      const required = new Set(schema.required as string[] ?? []);
      return Object.fromEntries(
        Object.entries(propertiesOf(schema))
          .filter(([member]) => required.has(member) || random() < 0.4)
          .map(([member, each]) => [member, randomValue(each, random, values, member)]),
      );
    }
    case "array":
      return Array.from(
        { length: Math.min(Math.floor(random() * 4), Number(schema.maxItems ?? 4)) },
        () => randomValue((schema.items ?? {}) as Json, random, values, name),
      );
    case "string":
      if (values[name] !== undefined && random() < 0.7) return values[name];
      return random() < 0.5 ? pick(ODD) : textFor(schema, 1, Math.floor(random() * 100));
    case "number":
    case "integer": {
      const { minimum = 0, maximum = 100 } = schema as { minimum?: number; maximum?: number };
      return pick([minimum, maximum, 0, 1, Math.floor(random() * 100)]);
    }
    case "boolean":
      return random() < 0.5;
    default:
      return pick([null, "a", 1, {}, []]);
  }
}

/** Returns random numbers from 0 to 1 (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

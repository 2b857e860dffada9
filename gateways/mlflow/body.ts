// The JSON of a request, and its members. Clients of later versions send members that this service
// does not read; those that would change what a request does are refused where it is answered.
import { checkNewName, isJsonObject, isRegistryError, parseExactJson } from "../../core/kernel.ts";
import { checkStillAllowed, type RouteContext } from "../../apps/server/extending.ts";
import { invalid, wrong } from "./errors.ts";
import { hasRunId } from "../../runs/mlflow/ids.ts";
import { FACT, isOwnTag } from "../../runs/mlflow/stored_run.ts";
import { type Metric, NOT_FINITE } from "../../runs/mlflow/points.ts";

export type Body = Readonly<Record<string, unknown>>;

/** Reads the body of a request, whose token may have ended meanwhile. */
export async function readBody(c: RouteContext): Promise<Body> {
  const text = await c.request.text();
  await checkStillAllowed(c);
  let body: unknown;
  try {
    body = text === "" ? {} : parseExactJson(text);
  } catch (error) {
    throw wrong(isRegistryError(error) ? error.message : "The body is not valid JSON");
  }
  if (!isJsonObject(body)) throw wrong("The body is not a JSON object");
  return body;
}

/** Returns the members of a query; lists have all values of a name. */
export function readQuery(c: RouteContext): URLSearchParams {
  return new URL(c.request.url).searchParams;
}

/** Returns a query as the body that other clients send. */
export function bodyOf(query: URLSearchParams): Body {
  const lists = { order_by: query.getAll("order_by") };
  return { ...Object.fromEntries(query), ...lists };
}

/** Returns a text; undefined if it is missing, null or empty, as in Protocol Buffers. */
export function text(body: Body, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string" && value.isWellFormed()) return value;
  throw invalid(name, value, "it is not a string");
}

export function needText(body: Body, name: string): string {
  const value = text(body, name);
  if (value === undefined) throw wrong(`Missing value for required parameter '${name}'.`);
  return value;
}

/** Returns an integer, which JSON of Protocol Buffers may have as text. */
export function integer(body: Body, name: string): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  const isText = typeof value === "string" && /^-?\d{1,20}$/.test(value);
  const number = isText ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number)) return number + 0;
  const state = "it is not an integer that JSON keeps exactly";
  throw invalid(name, value, state);
}

/** Returns `max_results`: at most as many as a page has. */
export function countIn(body: Body, most: number, usual: number = most): number {
  const count = integer(body, "max_results") ?? usual;
  if (count > 0 && count <= most) return count;
  throw invalid("max_results", count, `it must be from 1 to ${most}`);
}

/** Returns a list of objects. */
export function objects(body: Body, name: string): Body[] {
  const value = body[name] ?? [];
  if (Array.isArray(value) && value.every((each) => isJsonObject(each))) return value;
  throw invalid(name, value, "it is not a list of objects");
}

export function texts(body: Body, name: string): string[] {
  const value = body[name] ?? [];
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw invalid(name, value, "it is not a list of strings");
}

/** Returns a flag; false if it is missing. */
export function flag(body: Body, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value === "boolean") return value;
  throw invalid(name, value, "it is not true or false");
}

/** The longest key of a parameter, metric or tag. */
const MOST_KEY = 250;

/** Returns a key of a parameter, metric or tag. The rules are those of MLflow. */
export function keyIn(body: Body, name = "key"): string {
  const key = needText(body, name);
  const isPath = key.split("/").some((part) => part === "" || part === "." || part === "..");
  if (key.length > MOST_KEY || isPath || !/^[\p{L}\p{N}_\-.: /]+$/u.test(key)) {
    const characters = "alphanumerics, underscores, dashes, periods, spaces, colons and slashes";
    throw invalid(name, key, `names have ${characters} between parts`);
  }
  return key;
}

/** Returns the key and value of parameters and tags. A value of a tag may be absent. */
export function pairs(list: readonly Body[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const each of list) found.set(keyIn(each), text(each, "value") ?? "");
  return found;
}

/** Returns the key and value of tags that clients may set. */
export function tagsIn(list: readonly Body[]): Map<string, string> {
  const tags = pairs(list);
  for (const key of tags.keys()) {
    if (isOwnTag(key) || key.startsWith(FACT)) {
      throw wrong(`Tags that begin with 'holdfast.' and '${FACT}' are reserved: '${key}'`);
    }
  }
  return tags;
}

export function metricIn(body: Body, nowMs: number): Metric {
  const key = keyIn(body);
  const { value = 0 } = body;
  const number = typeof value === "string" ? NOT_FINITE.get(value) : value;
  if (typeof number !== "number") {
    throw invalid("value", value, `the metric '${key}' needs a number`);
  }
  const timestamp = integer(body, "timestamp") ?? nowMs;
  return { key, value: number, timestamp, step: integer(body, "step") ?? 0 };
}

/** Throws `INVALID_PARAMETER_VALUE` for a name that no run can have. */
export function checkExperimentName(name: string): void {
  try {
    checkNewName(name);
  } catch (error) {
    if (!isRegistryError(error, "Invalid")) throw error;
    throw wrong(`Invalid experiment name: ${error.message}`, error.hint);
  }
  const longest = { name, id: "0".repeat(32) };
  if (!hasRunId(longest)) {
    throw wrong("Invalid experiment name: it is too long", "Choose a shorter one.");
  }
}

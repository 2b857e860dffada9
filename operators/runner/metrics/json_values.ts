// The values of JSON by their paths, with offsets for errors that name a line.
import { isJsonObject, isRegistryError, parseExactJson } from "../../../core/kernel.ts";

export type Scalar = null | boolean | number | string;

/** A value below objects, with its keys. */
export interface JsonValue {
  readonly path: readonly string[];
  readonly value: Scalar | readonly unknown[];
  /** In characters; 0 for data without a text. */
  readonly offset: number;
}

/** A string, a word such as `1e-3`, any other character, or the end. */
const TOKEN = /[ \t\r\n]*("(?:[^"\\]|\\[^])*"|[\w.+-]+|[^]|$)/y;
/** The depth at which values are no longer read: metrics have less. */
const MOST_DEPTH = 50;
const NOT_JSON = "not JSON";

/**
 * Returns the values of a JSON text; those of a list are left out. Throws what `fault` returns for
 * other text, a duplicate key and a number that would be rounded.
 */
export function parseValues(
  json: string,
  fault: (state: string, offset: number) => Error,
): JsonValue[] {
  const values: JsonValue[] = [];
  let token = "", offset = 0, end = 0;
  next();
  read([], values, 0);
  if (token !== "") throw fault(NOT_JSON, offset);
  return values;

  function next(): void {
    TOKEN.lastIndex = end;
    [, token = ""] = TOKEN.exec(json) ?? [];
    end = TOKEN.lastIndex;
    offset = end - token.length;
  }

  function read(path: readonly string[], found: JsonValue[], depth: number): void {
    if (depth > MOST_DEPTH) throw fault("nested too deep", offset);
    const own = { path, offset };
    if (token === "{") {
      const keys = new Set<Scalar>();
      items("}", () => {
        const at = offset;
        const key = scalar();
        if (typeof key !== "string" || token !== ":") throw fault(NOT_JSON, offset);
        if (keys.has(key)) throw fault(`duplicate key ${JSON.stringify(key)}`, at);
        keys.add(key);
        next();
        read([...path, key], found, depth + 1);
      });
    } else if (token === "[") {
      found.push({ ...own, value: [] });
      items("]", () => read(path, [], depth + 1));
    } else found.push({ ...own, value: scalar() });
  }

  function items(last: string, item: () => void): void {
    next();
    if (token !== last) item();
    while (token === ",") {
      next();
      item();
    }
    if (token !== last) throw fault(NOT_JSON, offset);
    next();
  }

  function scalar(): Scalar {
    const [word, at] = [token, offset];
    next();
    try {
      return parseExactJson(word) as Scalar; // no bracket begins a word
    } catch (error) {
      const isExact = !isRegistryError(error);
      throw fault(isExact ? NOT_JSON : `the number ${word.slice(0, 40)} would be rounded`, at);
    }
  }
}

/** Returns the values of parsed data. */
export function valuesOf(data: unknown, path: readonly string[] = []): JsonValue[] {
  if (!isJsonObject(data)) return [{ path, value: data as JsonValue["value"], offset: 0 }];
  return Object.entries(data).flatMap(([key, member]) => valuesOf(member, [...path, key]));
}

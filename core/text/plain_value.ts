/**
 * Plain data: what formats of text hold without tags of their own.
 *
 * @module
 */
import { described } from "../materializer.ts";

/** What JSON says: plain objects and arrays of texts, finite numbers, booleans and null. */
export type PlainValue = null | boolean | number | string | PlainValue[] | { [key: string]: PlainValue };

/** Deepest nesting that is written and read. Many readers stop about here. */
export const MAX_DEPTH = 1_000;

/**
 * What keeps a value from being plain data, with the path to it: `its .when is a value of class Date`.
 *
 * @param options.numbers which numbers there may be: JSON has neither NaN and infinities nor a zero below zero
 * @param options.maxDepth how many objects and arrays may stand in one another
 */
export function plainProblem(
  value: unknown,
  { numbers = "finite", maxDepth = MAX_DEPTH }: { numbers?: "finite" | "all"; maxDepth?: number } = {},
): string | undefined {
  const path: string[] = [];

  function look(value: unknown): string | undefined {
    if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
    if (typeof value === "number") {
      if (numbers === "all" || (Number.isFinite(value) && !Object.is(value, -0))) return undefined;
      return Object.is(value, -0) ? "is -0" : `is ${value}`;
    }
    if (typeof value !== "object") return `is ${described(value)}`;
    if (path.length >= maxDepth) return `is nested more than ${maxDepth} levels deep`;
    const prototype = Object.getPrototypeOf(value);
    const isArray = Array.isArray(value) && prototype === Array.prototype;
    if (!isArray && prototype !== Object.prototype) return `is ${described(value)}`;
    return lookInside(value, isArray);
  }

  function lookInside(value: object, isArray: boolean): string | undefined {
    const keys = Reflect.ownKeys(value);
    if (isArray && keys.length !== (value as unknown[]).length + 1) return "is an array with holes or other members";
    for (const key of keys) {
      if (isArray && key === "length") continue;
      if (typeof key === "symbol") return "has a symbol as a key";
      const property = Object.getOwnPropertyDescriptor(value, key)!;
      path.push(isArray ? `[${key}]` : `.${key}`);
      const isMember = "value" in property && property.enumerable;
      const problem = isMember ? look(property.value) : "is hidden, a getter or a setter";
      if (problem !== undefined) return problem;
      path.pop();
    }
    return undefined;
  }

  const problem = look(value);
  if (problem === undefined) return undefined;
  return path.length === 0 ? `it ${problem}` : `its ${place(path)} ${problem}`;
}

/** The path as text, cut where it is long. */
function place(path: readonly string[]): string {
  const text = path.slice(0, 20).join("");
  return path.length > 20 || text.length > 100 ? `${text.slice(0, 100).toWellFormed()}…` : text;
}

// Plain data: what formats of text hold without tags of their own.
import { fault, type RegistryError } from "../errors.ts";
import { described } from "../materializer.ts";

/** What JSON says: plain objects and arrays of texts, finite numbers, booleans and null. */
export type PlainValue = null | boolean | number | string | PlainValue[] | {
  [key: string]: PlainValue;
};

/** Deepest nesting that is written and read. Many JSON readers stop about here, and a stack must hold it. */
export const MAX_DEPTH = 1_000;

/**
 * What tells whether `JSON.stringify` loses nothing of a value, and `JSON.parse` gives it back. This is all that most
 * values cost.
 *
 * @param reserved a key that no object in it may have
 */
export function createPlainCheck(reserved?: string): (value: unknown) => boolean {
  function isPlain(value: unknown, depth: number): boolean {
    if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
    if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
    if (typeof value !== "object" || depth > MAX_DEPTH) return false;
    const prototype = Object.getPrototypeOf(value);
    const keys = Reflect.ownKeys(value);
    if (Array.isArray(value)) {
      if (prototype !== Array.prototype || keys.length !== value.length + 1) return false; // its elements and `length`
      for (let index = 0; index < value.length; index++) {
        if (!isPlainMember(value, index, depth)) return false;
      }
      return true;
    }
    if (prototype !== Object.prototype) return false;
    for (const key of keys) {
      if (typeof key === "symbol" || key === reserved || !isPlainMember(value, key, depth)) {
        return false;
      }
    }
    return true;
  }

  function isPlainMember(holder: object, key: string | number, depth: number): boolean {
    const property = Object.getOwnPropertyDescriptor(holder, key);
    // A hole has no property, and a getter no value: `undefined` is not plain.
    return property?.enumerable === true && isPlain(property.value, depth + 1);
  }

  return (value) => isPlain(value, 0);
}

/**
 * What keeps a value from being plain data, with the path to it: `its .when is a value of class Date`.
 *
 * @param options.numbers which numbers there may be: JSON has neither NaN and infinities nor a zero below zero
 * @param options.maxDepth how many objects and arrays may stand in one another
 */
export function plainProblem(
  value: unknown,
  { numbers = "finite", maxDepth = MAX_DEPTH }: { numbers?: "finite" | "all"; maxDepth?: number } =
    {},
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
    if (isArray && keys.length !== (value as unknown[]).length + 1) {
      return "is an array with holes or other members";
    }
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

/** The error of a value that a format of text does not hold. */
export function notPlain(
  format: string,
  state: string,
  hint = "Nothing is altered to make it fit. Turn it into plain data first.",
): RegistryError {
  return fault({ code: "Unsupported", action: "save as", subject: format, state, hint });
}

/** The path as text, cut where it is long. */
function place(path: readonly string[]): string {
  const text = path.slice(0, 20).join("");
  return path.length > 20 || text.length > 100 ? `${text.slice(0, 100).toWellFormed()}…` : text;
}

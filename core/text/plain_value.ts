// Plain data: what formats of text hold without tags of their own.
import { fault, type RegistryError } from "../errors.ts";
import { described } from "./described.ts";

/** What JSON says: plain objects and arrays of texts, finite numbers, booleans and null. */
export type PlainValue = null | boolean | number | string | PlainValue[] | {
  [key: string]: PlainValue;
};

/** Deepest nesting that is written and read. Many JSON readers stop about here, and a stack must hold it. */
export const MAX_DEPTH = 1_000;

/** What keeps a value from being plain, and the path to it, the last step first. */
interface Problem {
  state: string;
  path: string[];
}

interface Limits {
  numbers: "finite" | "all";
  maxDepth: number;
  /** A key that no object may have. */
  reserved?: string;
}

const JSON_LIMITS: Limits = { numbers: "finite", maxDepth: MAX_DEPTH };

/**
 * Whether `JSON.stringify` loses nothing of a value, and `JSON.parse` gives it back.
 *
 * @param reserved a key that no object in it may have
 */
export function isPlain(value: unknown, reserved?: string): boolean {
  const limits = reserved === undefined ? JSON_LIMITS : { ...JSON_LIMITS, reserved };
  return findProblem(value, 0, limits) === undefined;
}

/**
 * What keeps a value from being plain data, with the path to it: `its .when is a value of class Date`.
 *
 * @param options.numbers which numbers there may be: JSON has neither NaN and infinities nor a zero below zero
 * @param options.maxDepth how many objects and arrays may stand in one another
 */
export function plainProblem(
  value: unknown,
  options: { numbers?: "finite" | "all"; maxDepth?: number } = {},
): string | undefined {
  const problem = findProblem(value, 0, { ...JSON_LIMITS, ...options });
  if (problem === undefined) return undefined;
  const { state, path } = problem;
  return path.length === 0 ? `it ${state}` : `its ${place(path.reverse())} ${state}`;
}

function findProblem(value: unknown, depth: number, limits: Limits): Problem | undefined {
  if (typeof value !== "object" || value === null) return scalarProblem(value, limits);
  const { maxDepth, reserved } = limits;
  if (depth >= maxDepth) return { state: `is nested more than ${maxDepth} levels deep`, path: [] };
  const prototype = Object.getPrototypeOf(value);
  const isArray = Array.isArray(value) && prototype === Array.prototype;
  if (!isArray && prototype !== Object.prototype) {
    return { state: `is ${described(value)}`, path: [] };
  }
  const keys = Reflect.ownKeys(value);
  if (isArray && keys.length !== value.length + 1) { // its elements and `length`
    return { state: "is an array with holes or other members", path: [] };
  }
  for (const key of isArray ? value.keys() : keys) {
    if (typeof key === "symbol") return { state: "has a symbol as a key", path: [] };
    if (key === reserved) return { state: `has the key ${key}`, path: [] };
    const property = Object.getOwnPropertyDescriptor(value, key);
    const problem = property !== undefined && "value" in property && property.enumerable
      ? findProblem(property.value, depth + 1, limits)
      : { state: "is a hole, hidden, a getter or a setter", path: [] };
    if (problem === undefined) continue;
    problem.path.push(isArray ? `[${key}]` : `.${key}`);
    return problem;
  }
}

/** Returns why a value that is not an object is not plain. */
function scalarProblem(value: unknown, { numbers }: Limits): Problem | undefined {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return undefined;
  if (typeof value !== "number") return { state: `is ${described(value)}`, path: [] };
  const isMinusZero = Object.is(value, -0);
  if (numbers === "all" || Number.isFinite(value) && !isMinusZero) return undefined;
  return { state: isMinusZero ? "is -0" : `is ${value}`, path: [] };
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

// Plain data, which JSON preserves exactly.
import { described } from "./described.ts";

/** JSON data: plain objects, arrays, strings, finite numbers, booleans and null. */
export type PlainValue = null | boolean | number | string | PlainValue[] | {
  [key: string]: PlainValue;
};

/** Maximum nesting depth, limited by JSON readers and the stack. */
export const MAX_DEPTH = 1_000;

/** A problem and the path to it, the last step first. */
interface Problem {
  state: string;
  path: string[];
}

interface Limits {
  numbers: "finite" | "all";
  maxDepth: number;
  /** A key that objects must not have. */
  reserved?: string;
}

const JSON_LIMITS: Limits = { numbers: "finite", maxDepth: MAX_DEPTH };

/** True if JSON preserves a value exactly. No object may have the key `reserved`. */
export function isPlain(value: unknown, reserved?: string): boolean {
  const limits = reserved === undefined ? JSON_LIMITS : { ...JSON_LIMITS, reserved };
  return findProblem(value, 0, limits) === undefined;
}

/**
 * Returns why a value is not plain data, with the path: `its .when is a value of class Date`.
 *
 * @param options.numbers `finite` rejects NaN, infinities and -0. @default "finite"
 * @param options.maxDepth maximum nesting depth. @default 1000
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

/** True for objects that literals make, and for those without a prototype. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function findProblem(value: unknown, depth: number, limits: Limits): Problem | undefined {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return undefined;
  if (typeof value === "number") return numberProblem(value, limits);
  if (typeof value !== "object") return { state: `is ${described(value)}`, path: [] };
  const { maxDepth } = limits;
  if (depth >= maxDepth) return { state: `is nested more than ${maxDepth} levels deep`, path: [] };
  const prototype = Object.getPrototypeOf(value);
  if (Array.isArray(value) && prototype === Array.prototype) {
    return arrayProblem(value, depth, limits);
  }
  if (prototype === Object.prototype) return objectProblem(value, depth, limits);
  return { state: `is ${described(value)}`, path: [] };
}

function numberProblem(value: number, { numbers }: Limits): Problem | undefined {
  if (numbers === "all") return undefined;
  if (Object.is(value, -0)) return { state: "is -0", path: [] };
  return Number.isFinite(value) ? undefined : { state: `is ${value}`, path: [] };
}

function arrayProblem(
  array: readonly unknown[],
  depth: number,
  limits: Limits,
): Problem | undefined {
  if (Reflect.ownKeys(array).length !== array.length + 1) { // also `length`
    return { state: "is an array with holes or other members", path: [] };
  }
  for (const i of array.keys()) {
    const problem = memberProblem(array, i, depth, limits);
    if (problem !== undefined) return withStep(problem, `[${i}]`);
  }
}

function objectProblem(object: object, depth: number, limits: Limits): Problem | undefined {
  for (const key of Reflect.ownKeys(object)) {
    if (typeof key === "symbol") return { state: "has a symbol as a key", path: [] };
    if (key === limits.reserved) return { state: `has the key ${key}`, path: [] };
    const problem = memberProblem(object, key, depth, limits);
    if (problem !== undefined) return withStep(problem, `.${key}`);
  }
}

function memberProblem(
  container: object,
  key: string | number,
  depth: number,
  limits: Limits,
): Problem | undefined {
  const property = Object.getOwnPropertyDescriptor(container, key);
  return property !== undefined && "value" in property && property.enumerable
    ? findProblem(property.value, depth + 1, limits)
    : { state: "is a hole, hidden, a getter or a setter", path: [] };
}

function withStep(problem: Problem, step: string): Problem {
  problem.path.push(step);
  return problem;
}

/** Returns the path as a string, cut if it is long. */
function place(path: readonly string[]): string {
  const text = path.slice(0, 20).join("");
  return path.length > 20 || text.length > 100 ? `${text.slice(0, 100).toWellFormed()}…` : text;
}

// What is wrong with a node of YAML.
import type { Node, Scalar } from "npm:yaml@^2.9";
import { shown } from "../../core/naming/names.ts";
import { exactNumber } from "../../core/text/exact_number.ts";
import type { YamlProblem } from "./text_problem.ts";

/** What is read and written: YAML 1.2, its core schema. */
export const SCHEMA = { version: "1.2", schema: "core" } as const;

/** Tags that say what a value is anyway. */
const TAGS: ReadonlySet<string> = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`),
);

/** A tag that is none of plain data. */
export function tagProblem(node: Node): YamlProblem | undefined {
  if (node.tag === undefined || TAGS.has(node.tag)) return undefined;
  return unsupported(`the tag ${shown(node.tag)} is not one of plain data`, offsetOf(node));
}

/** A number that JavaScript does not have. */
export function numberProblem(node: Scalar): YamlProblem | undefined {
  const { value, source = "" } = node;
  if (typeof value !== "number" || /^[-+]?\.(?:inf|nan)$/i.test(source)) return undefined;
  const isExact = /^0[ox]/.test(source)
    ? BigInt(source) === BigInt(value)
    : exactNumber(source) !== "inexact";
  if (isExact) return undefined;
  return unsupported(`${shown(source)} is more than a number of 64 bits can hold`, offsetOf(node));
}

/** A text that is damaged there. */
export function corrupt(state: string, offset: number): YamlProblem {
  return { code: "Corrupt", state, offset };
}

/** A text that is written in a way that is not read. */
export function unsupported(state: string, offset: number): YamlProblem {
  return { code: "Unsupported", state, offset };
}

/** Where a node begins. */
export function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

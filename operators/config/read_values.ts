// Reads a pipeline from its tree by the schema. Mistakes become problems with positions.
import * as v from "npm:valibot@^1.5";
import type { PlainValue } from "../../materializers/mod.ts";
import { itemAt } from "../../core/kernel.ts";
import { PIPELINE, type ReadPipeline } from "./schema.ts";
import { childOf, describeNode, plainOf } from "./tree/node.ts";
import type { ConfigMap, ConfigNode, Path } from "./tree/node.ts";
import type { ProblemList } from "./tree/problems.ts";

/** Keys and indexes that lead to a value of the pipeline. */
export type Keys = readonly (string | number)[];

/** Adds a problem at a value of the pipeline, at its key, or at the closest existing parent. */
export type Report = (at: Keys, message: string, hint: string, where?: "key") => void;

function memberOf(node: ConfigNode | undefined, key: string | number): ConfigNode | undefined {
  return node?.kind === "list" ? node.items[Number(key)] : childOf(node, String(key));
}

export function createReport(pipeline: ConfigNode, problems: ProblemList): Report {
  return (at, message, hint, where) => {
    let node = pipeline;
    let { place } = pipeline;
    let path: Path = { key: "pipeline" };
    for (const [index, key] of at.entries()) {
      path = { parent: path, key };
      const entry = node.kind === "map" ? node.entries.get(String(key)) : undefined;
      const child = memberOf(node, key);
      if (child === undefined) break;
      node = child;
      place = where === "key" && index === at.length - 1 && entry ? entry.place : child.place;
    }
    const whole = message.startsWith("is ") ? `${describeNode(node)} ${message}` : message;
    problems.add(place, { path, message: whole, hint });
  };
}

/** Returns the valid values of a pipeline. Reports the others. */
export function readValues(pipeline: ConfigMap, report: Report): ReadPipeline {
  const value = plainOf(pipeline);
  keepTexts(pipeline, value);
  const reported = new Set<string>();
  for (;;) {
    const { output, issues = [] } = v.safeParse(PIPELINE, value);
    const wrong = issues.flatMap((issue) => withParts(issue as Issue));
    let changed = false;
    for (const { path, message, expected } of wrong) {
      const keys = path.map(({ key }) => key);
      const typed = typedVariable(keys.reduce(memberOf, pipeline), expected);
      if (typed !== undefined) set(value, keys, typed);
      else if (!reported.has(`${JSON.stringify(keys)} ${message}`)) {
        reported.add(`${JSON.stringify(keys)} ${message}`);
        const [what = "", hint = ""] = message.split("\n");
        if (isMissing(expected)) report(keys.slice(0, -1), what, hint);
        else report(keys, what, hint, path.at(-1)?.origin === "key" ? "key" : undefined);
        if (expected === "never") set(value, keys, undefined); // valibot reports only the first one
      }
      changed ||= typed !== undefined || expected === "never";
    }
    if (changed) continue;
    reportReserved(pipeline, report);
    for (const { path } of wrong) set(output, path.map(({ key }) => key), undefined);
    return output as ReadPipeline;
  }
}

/** Replaces numbers and flags that become strings by their text: there, 3.10 is not 3.1. */
function keepTexts(pipeline: ConfigMap, value: PlainValue): void {
  const operators = childOf(pipeline, "operators");
  for (const [index, operator] of operators?.kind === "list" ? operators.items.entries() : []) {
    for (const key of ["start_command", "extra_env_vars"]) {
      const node = childOf(operator, key);
      if (node === undefined || node.kind === "scalar") continue;
      const members = node.kind === "list"
        ? node.items.entries()
        : [...node.entries].map(([name, entry]) => [name, entry.node] as const);
      for (const [name, member] of members) {
        if (member.kind !== "scalar" || member.text === undefined) continue;
        set(value, ["operators", index, key, name], member.text);
      }
    }
  }
}

/** Reports names that valibot ignores because all JavaScript objects have them. */
function reportReserved(pipeline: ConfigMap, report: Report): void {
  const operators = childOf(pipeline, "operators");
  for (let index = 0; operators?.kind === "list" && index < operators.items.length; index++) {
    for (const key of ["inputs", "outputs", "extra_env_vars"]) {
      for (const name of ["__proto__", "prototype", "constructor"]) {
        if (childOf(childOf(operators.items[index], key), name) === undefined) continue;
        const message = `${JSON.stringify(name)} is a reserved name`;
        report(["operators", index, key, name], message, "Choose another name.", "key");
      }
    }
  }
}

interface Issue {
  path?: { key: string | number; origin: string }[];
  kind: string;
  message: string;
  expected: string | null;
  issues?: Issue[];
}

/** Returns the issues inside the alternatives of a union, if the intended one can be recognized. */
function withParts(
  { path = [], issues = [], ...issue }: Issue,
): (Issue & Required<Pick<Issue, "path">>)[] {
  const inside = issues.flatMap((part) => withParts(part))
    .filter((part) => part.path.length > 0 || part.kind === "transformation");
  if (inside.length === 0) return [{ ...issue, path }];
  return inside.map((part) => ({ ...part, path: [...path, ...part.path] }));
}

const isMissing = (expected: string | null) => expected?.startsWith('"') ?? false;

/** Converts the string of an environment variable where a number or a flag is expected. */
function typedVariable(
  node: ConfigNode | undefined,
  expected: string | null,
): number | boolean | undefined {
  if (node?.kind !== "scalar" || node.variable === undefined) return undefined;
  const text = String(node.value);
  if (expected === "boolean" && /^(true|false)$/.test(text)) return text === "true";
  return expected?.includes("number") && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * Sets or removes a value. Removed items of a list become undefined, so others keep their index.
 */
// deno-lint-ignore no-explicit-any -- plain data
function set(root: any, keys: Keys, value: unknown): void {
  const last = itemAt(keys, -1);
  const holder = keys.slice(0, -1).reduce((parentValue, key) => parentValue?.[key], root);
  if (typeof holder !== "object" || holder === null) return;
  if (value === undefined && !Array.isArray(holder)) delete holder[last];
  else holder[last] = value;
}

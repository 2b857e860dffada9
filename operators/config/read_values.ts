// Reads a pipeline out of its tree by the schema. Mistakes become problems with places.
import * as v from "npm:valibot@^1.5";
import { PIPELINE, type ReadPipeline } from "./schema.ts";
import { childOf, describeNode, plainOf } from "./tree/node.ts";
import type { ConfigMap, ConfigNode, Path } from "./tree/node.ts";
import type { ProblemList } from "./tree/problems.ts";

/** Keys and indexes that lead to a value of the pipeline. */
export type Keys = readonly (string | number)[];

/** Adds a problem at a value of the pipeline, or at its key; at what is around it if it is not there. */
export type Tell = (at: Keys, message: string, hint: string, where?: "key") => void;

export function createTell(pipeline: ConfigNode, problems: ProblemList): Tell {
  return (at, message, hint, where) => {
    let node = pipeline;
    let { place } = pipeline;
    let path: Path = { key: "pipeline" };
    for (const [index, key] of at.entries()) {
      path = { parent: path, key };
      const entry = node.kind === "map" ? node.entries.get(String(key)) : undefined;
      const child = node.kind === "list" ? node.items[Number(key)] : entry?.node;
      if (child === undefined) break;
      node = child;
      place = where === "key" && index === at.length - 1 && entry ? entry.place : child.place;
    }
    const isOfValue = /^is (not|none|there)/.test(message);
    const whole = isOfValue ? `${describeNode(node)} ${message}` : message;
    problems.add(place, { path, message: whole, hint });
  };
}

/** The values of a pipeline without those that are wrong: these are added to the problems. */
export function readValues(pipeline: ConfigMap, tell: Tell): ReadPipeline {
  const value = plainOf(pipeline);
  const told = new Set<string>();
  for (;;) {
    const { output, issues = [] } = v.safeParse(PIPELINE, value);
    const wrong = issues.flatMap((issue) => withParts(issue as Issue));
    let changed = false;
    for (const { path, message, expected } of wrong) {
      const keys = path.map(({ key }) => key);
      const typed = typedVariable(nodeAt(pipeline, keys), expected);
      if (typed !== undefined) set(value, keys, typed);
      else if (!told.has(`${JSON.stringify(keys)} ${message}`)) {
        told.add(`${JSON.stringify(keys)} ${message}`);
        const [what, hint] = message.split("\n");
        if (isMissing(expected)) tell(keys.slice(0, -1), what, hint);
        else tell(keys, what, hint, path.at(-1)?.origin === "key" ? "key" : undefined);
        if (expected === "never") set(value, keys, undefined); // valibot names only the first of them
      }
      changed ||= typed !== undefined || expected === "never";
    }
    if (changed) continue;
    tellReserved(pipeline, tell);
    for (const { path } of wrong) set(output, path.map(({ key }) => key), undefined);
    return output as ReadPipeline;
  }
}

/** valibot passes over what objects of JavaScript have themselves: as names of inputs it would be lost. */
function tellReserved(pipeline: ConfigMap, tell: Tell): void {
  const operators = childOf(pipeline, "operators");
  for (let index = 0; operators?.kind === "list" && index < operators.items.length; index++) {
    for (const key of ["inputs", "outputs", "extra_env_vars"]) {
      for (const name of ["__proto__", "prototype", "constructor"]) {
        if (childOf(childOf(operators.items[index], key), name) === undefined) continue;
        const message = `${JSON.stringify(name)} cannot be a name here`;
        tell(["operators", index, key, name], message, "Choose another name.", "key");
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

/** Of alternatives the mistakes in the one that was meant, where that can be seen. */
function withParts(
  { path = [], issues = [], ...issue }: Issue,
): (Issue & Required<Pick<Issue, "path">>)[] {
  const inside = issues.flatMap((part) => withParts(part))
    .filter((part) => part.path.length > 0 || part.kind === "transformation");
  if (inside.length === 0) return [{ ...issue, path }];
  return inside.map((part) => ({ ...part, path: [...path, ...part.path] }));
}

const isMissing = (expected: string | null) => expected?.startsWith('"') ?? false;

/** Variables of the environment are texts: one may stand for a number or a flag. */
function typedVariable(
  node: ConfigNode | undefined,
  expected: string | null,
): number | boolean | undefined {
  if (node?.kind !== "scalar" || node.variable === undefined) return undefined;
  const text = String(node.value);
  if (expected === "boolean" && /^(true|false)$/.test(text)) return text === "true";
  return expected?.includes("number") && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function nodeAt(node: ConfigNode | undefined, keys: Keys): ConfigNode | undefined {
  for (const key of keys) {
    node = node?.kind === "list"
      ? node.items[Number(key)]
      : node?.kind === "map"
      ? node.entries.get(String(key))?.node
      : undefined;
  }
  return node;
}

/** Sets a value, or removes it; one of a list becomes undefined, so that the others keep their places. */
// deno-lint-ignore no-explicit-any -- plain data
function set(root: any, keys: Keys, value: unknown): void {
  const last = keys.at(-1)!;
  const holder = keys.slice(0, -1).reduce((found, key) => found?.[key], root);
  if (typeof holder !== "object" || holder === null) return;
  if (value === undefined && !Array.isArray(holder)) delete holder[last];
  else holder[last] = value;
}

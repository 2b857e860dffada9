// Overrides: values that replace those of the files.
import { FILE_KEYS } from "../schema.ts";
import { didYouMean, itemAt } from "../../../core/kernel.ts";
import { childOf, describeNode, plainOf } from "./node.ts";
import type { ConfigMap, ConfigNode, ConfigSource, Path, Place } from "./node.ts";
import { fullPath, idOf, indexOf, namesIn, nextKey, type RestOfPath } from "./paths.ts";
import type { ProblemList } from "./problems.ts";
import { languageOf, parseTree } from "./read_tree.ts";
import { parseYamlTree } from "./yaml.ts";

export interface Assignment {
  path: RestOfPath;
  place: Place;
  node: ConfigNode;
}

/** Returns the assignments of a tree of overrides. Operators and nodes are matched by id. */
function assignmentsOf(
  node: ConfigNode,
  path: readonly string[] = [],
  place: Place = node.place,
): Assignment[] {
  if (node.kind === "map" && (node.entries.size > 0 || path.length === 0)) {
    return [...node.entries].flatMap(([key, entry]) =>
      assignmentsOf(entry.node, [...path, key], entry.place)
    );
  }
  const isOfIds = node.kind === "list" && node.items.length > 0 &&
    node.items.every((item) => idOf(item) !== undefined);
  if (!isOfIds) return [{ path, place, node }];
  return node.items.flatMap((item) => assignmentsOf(item, [...path, idOf(item)!], item.place));
}

export function isForRefs({ path }: Assignment): boolean {
  const full = fullPath(path);
  const text = typeof full === "string" ? full : full.join(".");
  return /^(variables|include|pipeline\.(operators|nodes)\.refs)(\.|$)/.test(text);
}

export function assign(
  root: ConfigMap,
  { path, place, node }: Assignment,
  problems: ProblemList,
): void {
  let holder: ConfigNode = root;
  let at: Path | undefined;
  let rest = fullPath(path);
  const fail = (problem: { message: string; hint: string }) =>
    problems.add(place, { path: at, ...problem });
  for (;;) {
    const known = namesIn(holder);
    const next = nextKey(rest, known);
    if (next === undefined || next.key === "") {
      return fail({ message: "an override has no path", hint: "Write path.to.key=value." });
    }
    const isLast = next.rest.length === 0;
    at = { parent: at, key: next.key };
    const problem = keyProblem(root, next.key, at.parent === undefined);
    if (problem !== undefined) return fail(problem);
    if (holder.kind === "scalar") {
      const message = `an override sets ${next.key} in ${describeNode(holder)}`;
      return fail({ message, hint: "Use a key of a mapping, or the mapping itself." });
    }
    if (holder.kind === "list") {
      const index = indexOf(holder, next.key);
      if (index < 0) {
        const message = `an override sets ${JSON.stringify(next.key)}, which does not exist`;
        const hint = `${didYouMean(next.key, known)}Use one of ${known.slice(0, 20).join(", ")}.`;
        return fail({ message, hint });
      }
      if (isLast) return void (holder.items[index] = node);
      holder = itemAt(holder.items, index);
    } else {
      if (isLast) return void holder.entries.set(next.key, { place, node });
      const child: ConfigNode = holder.entries.get(next.key)?.node ??
        { kind: "map", place, entries: new Map() };
      if (!holder.entries.has(next.key)) holder.entries.set(next.key, { place, node: child });
      holder = child;
    }
    rest = next.rest;
  }
}

/** Reports variables that only `--set` knows and no value refers to: they may be mistyped. */
export function checkNewVariables(
  root: ConfigMap,
  { known, assignments, problems }: {
    known: readonly string[];
    assignments: readonly Assignment[];
    problems: ProblemList;
  },
): void {
  for (const { path, place } of assignments) {
    const first = place.source.file === "--set" ? nextKey(path, ["variables"]) : undefined;
    const name = first?.key === "variables" ? nextKey(first.rest, known)?.key : undefined;
    if (name === undefined || known.includes(name)) continue;
    const references = JSON.stringify(plainOf(root)).match(/\$\{[^}]*/g) ?? [];
    if (references.some((text) => text.split(/[\s${.,:"\\]+/).includes(name))) continue;
    const message = `an override sets variables.${name}, which no value refers to`;
    problems.add(place, { message, hint: `${didYouMean(name, known)}Define it under variables.` });
  }
}

/** Returns why an override must not set a key, or cannot because it is unknown at the top. */
function keyProblem(root: ConfigMap, key: string, isTop: boolean) {
  if (isTop && !FILE_KEYS.includes(key)) {
    const isVariable = childOf(childOf(root, "variables"), key) !== undefined;
    const suggestion = isVariable ? `Did you mean variables.${key}? ` : didYouMean(key, FILE_KEYS);
    return {
      message: `an override sets ${JSON.stringify(key)}, which is not a key of a file`,
      hint: `${suggestion}Write variables.NAME=value, or operators.STEP.params.NAME=value.`,
    };
  }
  if (key !== "operators_module" && !(isTop && key === "include")) return undefined;
  return { message: `an override sets ${key}`, hint: "Set it in the configuration itself." };
}

export type OverrideText =
  | { kind: "file"; source: ConfigSource }
  | { kind: "set"; lines: readonly string[] };

export function readOverrides(texts: readonly OverrideText[], problems: ProblemList): Assignment[] {
  return texts.flatMap((text) => {
    if (text.kind === "set") return readLines(text.lines, problems);
    const tree = parseTree(text.source, languageOf(text.source.file ?? ""), { problems });
    return tree === undefined ? [] : assignmentsOf(tree);
  });
}

/** Values that YAML would read as a comment, a block or an alias, and that are meant as text. */
const SIGNS: readonly RegExp[] = [
  /^#|\s#/, // a comment: #ff0000
  /:(?:\s|$)/, // a mapping: Model: best
  /^[-?](?:\s|$)/, // a list, a key
  /^[|>&*%@`]/, // a block, an anchor, an alias, a directive: >5, *.csv
  /^(?:---|\.{3})(?:\s|$)/, // another document
  /[\r\n]/, // lines, which it would join
];

/** True for a value that is text as it was typed. Quoted text and `[…]`, `{…}` are YAML. */
function isText(typed: string): boolean {
  return !/^["'[{!]/.test(typed) && SIGNS.some((sign) => sign.test(typed));
}

/** Parses `--set` values. In problems, the line is the number of the value. */
function readLines(lines: readonly string[], problems: ProblemList): Assignment[] {
  const assignments: Assignment[] = [];
  for (const [index, line] of lines.entries()) {
    const before = "\n".repeat(index);
    const source: ConfigSource = { file: "--set", text: before + line };
    const place = { source, offset: before.length };
    const equals = line.indexOf("=");
    if (equals < 1) {
      const message = `an override has no ${equals < 0 ? "=" : "path before ="}`;
      const hint = "Write path.to.key=value: operators.clean.params.lr=0.2";
      problems.add(place, { message, hint });
      continue;
    }
    const start = before.length + equals + 1;
    const path = line.slice(0, equals).trim();
    const scalar = (value: string | null) =>
      ({ kind: "scalar", place: { source, offset: start }, value }) as const;
    const typed = line.slice(equals + 1).trim();
    if (isText(typed)) {
      assignments.push({ path, place, node: scalar(typed) });
      continue;
    }
    const failures = problems.count;
    const node = parseYamlTree(source, problems, start);
    if (problems.count > failures) continue;
    assignments.push({ path, place, node: node ?? scalar(null) });
  }
  return assignments;
}

// Calls of all functions over a registry, whose bodies are rows.
import type { Registry } from "../../../mod.ts";
import * as maintenance from "../../../extensions/maintenance/mod.ts";
import * as annotations from "../../../registry/tools/annotate.ts";
import * as files from "../../../registry/tools/files.ts";
import * as settings from "../../../registry/tools/settings.ts";
import * as history from "../../../registry/tools/history.ts";
import { publishRelease, resolveRelease } from "../../../registry/contract/release.ts";

const { digestValue: _, ...ofStored } = history; // it needs materializers only

/** The functions by their names. */
export const FUNCTIONS = {
  ...maintenance,
  ...settings,
  ...annotations,
  ...files,
  ...ofStored,
  resolveRelease,
};

export type FunctionName = keyof typeof FUNCTIONS;

export type Call = (registry: Registry, options?: Record<string, unknown>) => unknown;

const of = (name: FunctionName, ...given: unknown[]): Call => {
  const call = FUNCTIONS[name] as (registry: Registry, ...given: unknown[]) => unknown;
  return (registry, options) => call(registry, ...given, options);
};
const to = (name: FunctionName, needed: Record<string, unknown>, ...given: unknown[]): Call => {
  const call = of(name, ...given);
  return (registry, options) => call(registry, { ...needed, ...options });
};

/** A call of each that succeeds in a registry with versions `a@1` and `a@2`, and their release `both`. */
export const FUNCTION_CALLS: { readonly [Name in FunctionName]: Call } = {
  collectGarbage: of("collectGarbage"),
  prune: to("prune", { keepLast: 5 }),
  pruneByRules: of("pruneByRules"),
  measureSpace: of("measureSpace"),
  measureVersions: of("measureVersions", "a"),
  readSettings: of("readSettings"),
  changeSettings: to("changeSettings", { share: "bytes" }),
  readRules: of("readRules"),
  readRulesHistory: of("readRulesHistory"),
  changeRules: to("changeRules", { set: { pattern: "b:*", keepLast: 9 } }),
  annotate: of("annotate", "a@1", { notes: "good" }),
  readAnnotations: of("readAnnotations", "a@1"),
  openFile: to("openFile", { path: "data.json" }, "a@1"),
  listFiles: of("listFiles", "a@1"),
  openPages: to("openPages", {}, "a@1"),
  readLineage: of("readLineage", "a@1"),
  diffVersions: to("diffVersions", { before: "a@1", after: "a@2" }),
  readLog: of("readLog", "a"),
  readRegistryLog: of("readRegistryLog"),
  resolveRelease: of("resolveRelease", "both"),
};

/** Saves what the calls need. */
export async function prepare(registry: Registry): Promise<void> {
  for (const value of [1, 2]) await registry.save("a", value);
  await publishRelease(registry, "both", { one: "a@1", two: "a@2" });
}

/** Waits for the result of a call, or reads all of a list. */
export async function completed(result: unknown): Promise<unknown> {
  const isList = typeof result === "object" && result !== null && Symbol.asyncIterator in result;
  if (!isList) return await result;
  return await Array.fromAsync(result as AsyncIterable<unknown>);
}

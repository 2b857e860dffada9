// Checks when a task is built and before it runs: can the rest of it be sent to another process?
import { invalid, plainProblem, shown } from "../../../core/kernel.ts";
import type { TaskRegistry } from "../contract.ts";
import { interfaceOf } from "../interface.ts";
import { JobRunner } from "../interfaces.ts";
import { type AnyDefinition, secretNames } from "../sets/make_plugin.ts";
import type { PluginTable } from "../sets/plugin_table.ts";
import type { Chain, ChainEntry } from "./chain.ts";
import { checkTravels } from "./travel.ts";

const PASSWORD = /:\/\/[^\s/?#@"]*:[^\s/?#@"]+@/;

/** Returns the plugin that a behavior uses. Throws if it is not named or unknown. */
export function usedBy(
  { name, definition, config }: ChainEntry,
  table: PluginTable,
): { name: string; definition: AnyDefinition } | undefined {
  const { uses, aliases = {} } = definition;
  if (uses === undefined) return undefined;
  const keys = [uses.key, ...Object.keys(aliases).filter((key) => aliases[key] === uses.key)];
  const named = keys.map((key) => config[key]).find((value) => value !== undefined) ??
    uses.fallback;
  const kind = interfaceOf(uses.interface);
  if (typeof named === "string") return { name: named, definition: table.get(kind, named) };
  const state = `its ${uses.key} is not a plugin of ${kind.name}`;
  const hint = `Use one of ${table.names(kind).join(", ")}.`;
  throw invalid("add behavior", shown(name), state, { hint });
}

export function checkChain(chain: Chain, table: PluginTable): void {
  const { entries, task, isDefined } = chain;
  const crossing = crossingOf(entries, table);
  if (crossing === undefined) return;
  const { name: runner, index } = crossing;
  if (!isDefined) {
    const state = `it is a closure, and ${shown(runner)} runs it in another process`;
    throw invalid("build task", shown(task), state, {
      hint: 'Define it in both processes, plugins.defineTask("finalize", fn), and pass its name.',
    });
  }
  for (const entry of entries.slice(index + 1)) checkEntry(entry, { task, runner, table });
}

function checkEntry(
  entry: ChainEntry,
  { task, runner, table }: { task: string; runner: string; table: PluginTable },
) {
  const { name, config, definition } = entry;
  const action = `send behavior ${shown(name)} of task ${shown(task)} to ${shown(runner)}`;
  const problem = plainProblem(config);
  if (problem !== undefined) {
    throw invalid(action, undefined, `its settings are not plain JSON: ${problem}`, {
      hint:
        "Pass plain JSON, and create the value in a plugin where the job runs. Or add this behavior before the one that submits the job.",
    });
  }
  const used = usedBy(entry, table);
  for (const known of [definition, ...(used === undefined ? [] : [used.definition])]) {
    for (const secret of secretNames(known)) {
      if (Object.hasOwn(config, secret)) throw secretTravels(action, secret, known);
    }
  }
  if (PASSWORD.test(JSON.stringify(config))) throw secretTravels(action, "URL with a password");
}

function secretTravels(
  action: string,
  secret: string,
  { aliases = {}, env = {} }: Partial<AnyDefinition> = {},
) {
  const variable = env[aliases[secret] ?? secret];
  const where = variable === undefined ? "it in the environment" : variable;
  return invalid(action, undefined, `jobs cannot contain secrets (${secret})`, {
    hint:
      `Omit it and set ${where} where the job runs, or move this behavior before the one that submits the job.`,
  });
}

/**
 * Rejects an input that cannot be sent, before the task starts, if the behaviors declare their
 * changes.
 */
export function checkInput(
  { entries, task }: Chain,
  input: unknown,
  { table, registry }: { table: PluginTable; registry?: TaskRegistry },
): void {
  const crossing = crossingOf(entries, table);
  if (crossing === undefined) return;
  const before = entries.slice(0, crossing.index).map(({ definition }) => definition.consumes);
  if (before.includes(undefined)) return;
  const consumed = new Set(before.flat());
  const rest = consumed.size === 0 ? input : without(input, consumed);
  checkTravels(rest, { what: "input", task, registry });
}

function without(input: unknown, names: ReadonlySet<string | undefined>): unknown {
  if (
    typeof input !== "object" || input === null || Object.getPrototypeOf(input) !== Object.prototype
  ) return input;
  return Object.fromEntries(Object.entries(input).filter(([name]) => !names.has(name)));
}

/**
 * Returns the first behavior that sends the rest to another process, and the name of its runner.
 */
function crossingOf(
  entries: readonly ChainEntry[],
  table: PluginTable,
): { name: string; index: number } | undefined {
  for (const [index, entry] of entries.entries()) {
    if (entry.definition.crossesProcess) return { name: entry.name, index };
    const used = usedBy(entry, table);
    if (used?.definition.crossesProcess) return { name: used.name, index };
  }
}

export function mayCross(entries: readonly ChainEntry[], table: PluginTable): boolean {
  return entries.some((entry) => {
    const { uses, crossesProcess } = entry.definition;
    if (crossesProcess || uses === undefined) return crossesProcess === true;
    const known = usedBy(entry, table)?.definition.crossesProcess;
    return known ?? interfaceOf(uses.interface).name === interfaceOf(JobRunner).name;
  });
}

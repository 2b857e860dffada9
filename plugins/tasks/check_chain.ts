// What is looked at when a task is built, and before it runs: whether what remains of it can
// travel.
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { plainProblem } from "../../core/text/plain_value.ts";
import type { TaskRegistry } from "../contract.ts";
import { contractOf } from "../interface.ts";
import { JobRunner } from "../interfaces.ts";
import { type AnyDefinition, secretNames } from "../sets/make_plugin.ts";
import type { PluginTable } from "../sets/plugin_table.ts";
import type { Chain, ChainEntry } from "./chain.ts";
import { checkTravels } from "./travel.ts";

const PASSWORD = /:\/\/[^\s/?#@"]*:[^\s/?#@"]+@/;

/** The plugin that a behavior names in its settings. Throws where it names none, or one that is not there. */
export function usedBy(
  { name, definition, config }: ChainEntry,
  table: PluginTable,
): { name: string; definition: AnyDefinition } | undefined {
  const { uses, aliases = {} } = definition;
  if (uses === undefined) return undefined;
  const keys = [uses.key, ...Object.keys(aliases).filter((key) => aliases[key] === uses.key)];
  const named = keys.map((key) => config[key]).find((value) => value !== undefined) ??
    uses.fallback;
  const contract = contractOf(uses.interface);
  if (typeof named === "string") return { name: named, definition: table.get(contract, named) };
  throw fault({
    code: "Invalid",
    action: "add behavior",
    subject: shown(name),
    state: `its ${uses.key} names no plugin of ${contract.name}`,
    hint: `There is: ${table.names(contract).join(", ")}.`,
  });
}

export function checkChain(chain: Chain, table: PluginTable): void {
  const { entries, task, isDefined } = chain;
  const crossing = crossingOf(entries, table);
  if (crossing === undefined) return;
  const { name: runner, index } = crossing;
  if (!isDefined) {
    throw fault({
      code: "Invalid",
      action: "build task",
      subject: shown(task),
      state: `it is a closure, and ${shown(runner)} runs it in another process`,
      hint:
        'Define it in each of them: plugins.defineTask("finalize", fn), and here createTask("finalize").',
    });
  }
  for (const entry of entries.slice(index + 1)) checkEntry(entry, { task, runner, table });
}

function checkEntry(
  entry: ChainEntry,
  { task, runner, table }: { task: string; runner: string; table: PluginTable },
) {
  const { name, config, definition } = entry;
  const action = `send behavior ${shown(name)} of task ${shown(task)} to another process by ${
    shown(runner)
  }`;
  const problem = plainProblem(config);
  if (problem !== undefined) {
    throw fault({
      code: "Invalid",
      action,
      state: `of its settings, ${problem}`,
      hint:
        "What travels is what JSON says. Let a plugin there make what is no plain data, or put this behavior before.",
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
  const where = variable === undefined
    ? "let its environment fill it"
    : `set ${variable} where the job runs`;
  return fault({
    code: "Invalid",
    action,
    state: `its ${secret} would travel with it`,
    hint: `Secrets are never sent: leave it out, and ${where}; or put this behavior before.`,
  });
}

/** Refuses an input that could not travel later, before anything is done, as far as the behaviors tell what they change. */
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
  checkTravels(consumed.size === 0 ? input : without(input, consumed), {
    what: "input",
    task,
    registry,
  });
}

function without(input: unknown, names: ReadonlySet<string | undefined>): unknown {
  if (
    typeof input !== "object" || input === null || Object.getPrototypeOf(input) !== Object.prototype
  ) return input;
  return Object.fromEntries(Object.entries(input).filter(([name]) => !names.has(name)));
}

/** The first behavior that is known to send the remainder to another process, and who does it. */
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
    return known ?? contractOf(uses.interface).name === contractOf(JobRunner).name;
  });
}

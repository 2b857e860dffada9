// Builds and submits tasks.
import { invalid } from "../../core/errors.ts";
import { described } from "../../core/text/described.ts";
import { shown } from "../../core/naming/names.ts";
import { withDeadline } from "../../core/retry.ts";
import type { PluginConfig, PluginContext, SubmitOptions, Task } from "../contract.ts";
import { contractOf } from "../interface.ts";
import { Behavior } from "../interfaces.ts";
import { type AnyDefinition, checkSettings, fillConfig } from "../sets/make_plugin.ts";
import { frozenCopy, validateConfig } from "../sets/make_plugin.ts";
import { type Chain, type ChainEntry, createJobIds, type TaskTools } from "./chain.ts";
import { checkChain, checkInput, mayCross, usedBy } from "./check_chain.ts";
import { checkJobId, NEVER, runChain } from "./run_chain.ts";

export function buildTask(target: Omit<Chain, "entries">, tools: TaskTools): Task<unknown> {
  let entries: readonly ChainEntry[] = [];
  const chainOf = (entries: readonly ChainEntry[]): Chain => ({ ...target, entries });

  const task: Task<unknown> = {
    name: target.task,
    addBehavior(name: string, config: PluginConfig = {}) {
      checkBehaviorName(name, config);
      const entry = createEntry(name, config, tools);
      const longer = [...entries, entry];
      checkChain(chainOf(longer), tools.table);
      if (!mayCross(entries, tools.table)) checkUsed(entry, tools);
      entries = longer;
      return task as Task<never>;
    },
    async submit(input?: unknown, { signal, idempotencyKey }: SubmitOptions = {}) {
      signal?.throwIfAborted();
      if (idempotencyKey !== undefined) checkJobId(idempotencyKey);
      const chain = chainOf(entries);
      checkInput(chain, input, tools);
      const ids = createJobIds(idempotencyKey ?? tools.context.system.id(), { isJob: false });
      return await withDeadline(runChain(chain, input, { signal: signal ?? NEVER, ids }, tools), {
        signal,
      });
    },
  };
  return task;
}

/** Throws `Invalid` for an interface in place of a name: `addBehavior(Behavior, { plugin })`. */
function checkBehaviorName(name: unknown, config: PluginConfig): void {
  if (typeof name === "string") return;
  const { plugin } = config as { plugin?: unknown };
  const example = shown(typeof plugin === "string" ? plugin : "storage_write");
  throw invalid("add behavior", undefined, `${described(name)} is not the name of a behavior`, {
    hint: `Pass the name first, then its settings: addBehavior(${example}, { … }).`,
  });
}

/** Creates an entry of a chain. Checks its settings now, unless the schema is asynchronous. */
export function createEntry(
  name: string,
  config: PluginConfig,
  { table, context }: TaskTools,
): ChainEntry {
  const definition = table.get(contractOf(Behavior), name);
  const action = `add behavior ${shown(name)}`;
  checkSettings(config, action);
  const entry: ChainEntry = { name, definition, config: frozenCopy(config) };
  checkEarly(definition, config, { action, ...context });
  return entry;
}

/** Validates settings. Errors of an asynchronous schema are reported when the plugin is created. */
function checkEarly(
  definition: AnyDefinition,
  config: PluginConfig,
  options: { action: string } & Pick<PluginContext, "system">,
): void {
  const filled = fillConfig(definition, config, options);
  const checked = validateConfig(definition, filled, options.action);
  if (checked instanceof Promise) checked.catch(() => {});
}

function checkUsed(entry: ChainEntry, { table, context }: TaskTools): void {
  const { name, definition, config } = entry;
  const settings = definition.uses?.settings;
  const used = usedBy(entry, table);
  if (used === undefined || settings === undefined) return;
  const action = `add behavior ${shown(name)} with ${shown(used.name)}`;
  const given = settings(fillConfig(definition, config, { action, ...context }));
  checkEarly(used.definition, given, { action, ...context });
}

export function checkFunction(fn: unknown, action: string): void {
  if (typeof fn === "function") return;
  throw invalid(action, undefined, `${described(fn)} is not a function`, {
    hint: "Pass a function (input, context) => result.",
  });
}

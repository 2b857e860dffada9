// Building a task, and submitting it.
import { fault } from "../../core/errors.ts";
import { described } from "../../core/text/described.ts";
import { shown } from "../../core/naming/names.ts";
import { withDeadline } from "../../core/retry.ts";
import type { PluginConfig, SubmitOptions, Task } from "../contract.ts";
import { contractOf } from "../interface.ts";
import { Behavior } from "../interfaces.ts";
import { checkSettings, fillConfig, frozenCopy, validateConfig } from "../sets/make_plugin.ts";
import { type Chain, type ChainEntry, createJobIds, type TaskTools } from "./chain.ts";
import { checkChain, checkInput, mayCross, usedBy } from "./check_chain.ts";
import { checkJobId, NEVER, runChain } from "./run_chain.ts";

export function buildTask(target: Omit<Chain, "entries">, tools: TaskTools): Task<unknown> {
  let entries: readonly ChainEntry[] = [];
  const chainOf = (entries: readonly ChainEntry[]): Chain => ({ ...target, entries });

  const task: Task<unknown> = {
    name: target.task,
    addBehavior(name: string, config: PluginConfig = {}) {
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

/** A behavior in its place. Its settings are checked now, but by a schema that takes its time. */
export function createEntry(
  name: string,
  config: PluginConfig,
  { table, context }: TaskTools,
): ChainEntry {
  const definition = table.get(contractOf(Behavior), name);
  const action = `add behavior ${shown(name)}`;
  checkSettings(config, action);
  const entry: ChainEntry = { name, definition, config: frozenCopy(config) };
  const checked = validateConfig(
    definition,
    fillConfig(definition, config, { action, ...context }),
    action,
  );
  if (checked instanceof Promise) checked.catch(() => {}); // the first run says so
  return entry;
}

function checkUsed(entry: ChainEntry, { table, context }: TaskTools): void {
  const { name, definition, config } = entry;
  const settings = definition.uses?.settings;
  const used = usedBy(entry, table);
  if (used === undefined || settings === undefined) return;
  const action = `add behavior ${shown(name)} with ${shown(used.name)}`;
  const given = settings(fillConfig(definition, config, { action, ...context }));
  const checked = validateConfig(
    used.definition,
    fillConfig(used.definition, given, { action, ...context }),
    action,
  );
  if (checked instanceof Promise) checked.catch(() => {}); // it is checked again when the plugin is made
}

export function checkFunction(fn: unknown, action: string): void {
  if (typeof fn === "function") return;
  throw fault({
    code: "Invalid",
    action,
    state: `${described(fn)} cannot be called`,
    hint: "A task ends in a function: (input, context) => result.",
  });
}

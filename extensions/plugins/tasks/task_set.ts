// The tasks of a plugin set.
import type { PlainValue } from "../../../materializers/mod.ts";
import {
  checkOptions,
  described,
  fault,
  invalid,
  keepNewest,
  notFound,
  shown,
  withDeadline,
} from "../../../core/kernel.ts";
import type { OptionNames } from "../../../core/kernel.ts";
import type { CallRunner, ScheduledCall } from "../job_runner.ts";
import type {
  PluginConfig,
  PluginContext,
  Plugins,
  SubmitOptions,
  Task,
  TaskFunction,
} from "../contract.ts";
import { type Chain, type ChainEntry, createJobIds, type TaskTools } from "./chain.ts";
import { checkJobId, NEVER, runChain } from "./run_chain.ts";
import { decodeTravelling, encodeTravelling } from "./travel.ts";
import { type AnyInterface, interfaceOf } from "../interface.ts";
import { Behavior } from "../interfaces.ts";
import { checkSettings, fillConfig, frozenCopy, validateConfig } from "../sets/make_plugin.ts";
import type { AnyDefinition } from "../sets/make_plugin.ts";
import { checkChain, checkInput, mayCross, usedBy } from "./check_chain.ts";

const MOST_KEPT = 1_000;
const SUBMIT: OptionNames<SubmitOptions> = { signal: true, idempotencyKey: true };

export function createTaskSet(
  tools: TaskTools,
): Pick<Plugins, "defineTask" | "createTask"> & CallRunner {
  const functions = new Map<string, TaskFunction>();
  const chains = new Map<string, readonly ChainEntry[]>();

  function find(name: string): TaskFunction {
    const fn = functions.get(name);
    if (fn !== undefined) return fn;
    const state = `it is not defined (defined: ${[...functions.keys()].join(", ") || "none"})`;
    const hint = 'Define it with plugins.defineTask("name", fn).';
    throw notFound("find task", shown(name), state, { hint });
  }

  /** Returns the behaviors of a call, the same for equal calls, so that they keep their state. */
  function entriesOf({ task, behaviors }: ScheduledCall): readonly ChainEntry[] {
    const key = JSON.stringify([task, behaviors]);
    const entries = chains.get(key) ??
      behaviors.map(({ name, config }) => createEntry(name, config as object, tools));
    chains.delete(key);
    chains.set(key, entries);
    keepNewest(chains, MOST_KEPT);
    return entries;
  }

  function createTask(nameOrFunction: string | TaskFunction): Task<never> {
    if (typeof nameOrFunction === "string") {
      return buildTask(
        { task: nameOrFunction, isDefined: true, fn: find(nameOrFunction) },
        tools,
      ) as Task<never>;
    }
    checkFunction(nameOrFunction, "create a task");
    const defined = [...functions].find(([, fn]) => fn === nameOrFunction)?.[0];
    const target = {
      task: defined ?? (nameOrFunction.name || "closure"),
      isDefined: defined !== undefined,
      fn: nameOrFunction,
    };
    return buildTask(target, tools) as Task<never>;
  }

  return {
    createTask,
    defineTask(name, fn) {
      const action = `define task ${shown(name)}`;
      if (typeof name !== "string" || !/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name)) {
        const hint = 'Use 1 to 100 letters, digits, ".", "_" and "-": finalize_upload.';
        throw fault({ code: "Invalid", action, state: "invalid name", hint });
      }
      checkFunction(fn, action);
      if (functions.has(name)) {
        const hint = "Choose another name.";
        throw fault({ code: "AlreadyExists", action, state: "the name is taken", hint });
      }
      functions.set(name, fn);
      return fn;
    },
    async runCall(call, { jobId = tools.context.system.id(), signal = NEVER, onProgress } = {}) {
      signal.throwIfAborted();
      checkCall(call);
      const { task } = call;
      const chain = { task, isDefined: true, fn: find(task), entries: entriesOf(call) };
      const input = await decodeTravelling(call.input, { task, registry: tools.registry, signal });
      const run = { signal, jobId, onProgress, ids: createJobIds(jobId, { isJob: true }) };
      const result = await withDeadline(runChain(chain, input, run, tools), { signal });
      const options = { what: "result", task, registry: tools.registry } as const;
      return await encodeTravelling(result, { ...options, jobId, signal });
    },
  };
}

/** Checks a call from a queue, which anyone may have written. */
function checkCall(call: ScheduledCall): void {
  const { task, behaviors, input } = (call ?? {}) as Partial<ScheduledCall>;
  const isBehavior = (given: unknown) =>
    typeof (given as { name?: unknown } | null)?.name === "string";
  const isCall = typeof task === "string" && Array.isArray(behaviors) &&
    behaviors.every(isBehavior);
  if (isCall && (input satisfies PlainValue | undefined) !== undefined) return;
  throw invalid("run call", undefined, `${described(call)} has no task, behaviors and input`, {
    hint: "Submit a task with a runner for another process.",
  });
}

function buildTask(target: Omit<Chain, "entries">, tools: TaskTools): Task<unknown> {
  let entries: readonly ChainEntry[] = [];
  const chainOf = (entries: readonly ChainEntry[]): Chain => ({ ...target, entries });

  const task: Task<unknown> = {
    name: target.task,
    addBehavior(nameOrInterface: string | AnyInterface, given: PluginConfig = {}) {
      const { name, config } = namedBehavior(nameOrInterface, given);
      const entry = createEntry(name, config, tools);
      const longer = [...entries, entry];
      checkChain(chainOf(longer), tools.table);
      if (!mayCross(entries, tools.table)) checkUsed(entry, tools);
      entries = longer;
      return task as Task<never>;
    },
    async submit(input?: unknown, options: SubmitOptions = {}) {
      const { signal, idempotencyKey } = checkOptions("submit a task", options, SUBMIT);
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

/** Reads a name and its settings, or `Behavior` and settings with the name as `plugin`. */
function namedBehavior(
  selected: string | AnyInterface,
  given: PluginConfig,
): { name: string; config: PluginConfig } {
  if (typeof selected === "string") return { name: selected, config: given };
  const { plugin: name, ...config } = given as { plugin?: unknown };
  if (selected === Behavior && typeof name === "string") return { name, config };
  const state = selected === Behavior
    ? "its settings name no plugin"
    : `${described(selected)} is not the name of a behavior`;
  throw invalid("add behavior", undefined, state, {
    hint: 'Pass its name and settings: addBehavior("storage_write", { … }).',
  });
}

/** Creates an entry of a chain. Checks its settings now, unless the schema is asynchronous. */
function createEntry(
  name: string,
  config: PluginConfig,
  { table, context }: TaskTools,
): ChainEntry {
  const definition = table.get(interfaceOf(Behavior), name);
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
  const usedConfig = settings(fillConfig(definition, config, { action, ...context }));
  checkEarly(used.definition, usedConfig, { action, ...context });
}

function checkFunction(fn: unknown, action: string): void {
  if (typeof fn === "function") return;
  throw invalid(action, undefined, `${described(fn)} is not a function`, {
    hint: "Pass a function (input, context) => result.",
  });
}

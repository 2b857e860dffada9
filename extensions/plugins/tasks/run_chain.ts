// Runs a chain of behaviors.
import type { SignalOptions } from "../../../registry/mod.ts";
import { eitherSignal, invalid, shown } from "../../../core/kernel.ts";
import { isNewId, isReservedId } from "../../queues/checks/queue_checks.ts";
import type { BehaviorContext, Remainder, TaskContext } from "../contract.ts";
import { interfaceOf } from "../interface.ts";
import { Behavior, type JobRunner } from "../interfaces.ts";
import { checkOrder, frozenCopy, makePlugin, type Settings } from "../sets/make_plugin.ts";
import { createJobIds, remainderOf, toCall } from "./chain.ts";
import type { Chain, ChainEntry, ChainRun, TaskTools } from "./chain.ts";
import { checkChain } from "./check_chain.ts";
import { encodeTravelling } from "./travel.ts";

interface Step {
  index: number;
  input: unknown;
  signal: AbortSignal;
}

export async function runChain(
  chain: Chain,
  input: unknown,
  run: ChainRun,
  tools: TaskTools,
): Promise<unknown> {
  const job = run.jobId === undefined ? {} : { jobId: run.jobId };
  return await runFrom({ index: 0, input, signal: run.signal });

  async function runFrom({ index, input, signal }: Step): Promise<unknown> {
    signal.throwIfAborted();
    const entry = chain.entries[index];
    if (entry === undefined) return await chain.fn(input, taskContext(signal));
    const { behavior, config } = await behaviorOf(entry, tools);
    const next = async (changed: unknown = input, options: SignalOptions = {}) => {
      const both = eitherSignal(signal, options.signal);
      return await runFrom({ index: index + 1, input: changed, signal: both });
    };
    const remainder = createRemainder(remainderOf(chain, index + 1), { run, signal, tools });
    const own: Omit<BehaviorContext, keyof TaskContext> = { config, task: chain.task, remainder };
    return await behavior.execute(next, input, { ...tools.context, ...own, signal, ...job });
  }

  function taskContext(signal: AbortSignal): TaskContext {
    const progress: TaskContext["progress"] = async (progress) =>
      void await run.onProgress?.(progress);
    return { ...tools.context, signal, progress, ...job };
  }
}

/** Creates a behavior at the first run, for all runs. Tries again after a failure. */
async function behaviorOf(
  entry: ChainEntry,
  { context }: TaskTools,
): Promise<{ behavior: Behavior; config: Settings }> {
  if (entry.made === undefined) {
    const { name, definition, config } = entry;
    const order = { kind: interfaceOf(Behavior), name, definition, config };
    entry.made = checkOrder(order, context).then(async (order) => ({
      behavior: await makePlugin(order, context) as Behavior,
      config: frozenCopy(order.checked as Settings),
    }));
    entry.made.catch(() => entry.made = undefined);
  }
  return await entry.made;
}

function createRemainder(
  rest: Chain,
  { run, signal, tools }: { run: ChainRun; signal: AbortSignal; tools: TaskTools },
): Remainder {
  return {
    behaviors: rest.entries.map(({ name, config }) => ({ name, config })),
    async schedule(runner: JobRunner, input, options = {}) {
      const jobId = run.ids.take();
      try {
        const call = runner.crossesProcess
          ? await callOf(rest, input, { jobId, signal, tools })
          : { ...toCall({ ...rest, entries: [] }, null), behaviors: rest.entries.map(namedOnly) };
        return await runner.schedule(call, {
          ...options,
          idempotencyKey: jobId,
          signal,
          run: async ({ jobId: id = jobId, signal = NEVER, onProgress } = {}) => {
            const run = { signal, jobId: id, onProgress, ids: createJobIds(id, { isJob: true }) };
            return await runChain(rest, input, run, tools);
          },
        });
      } catch (error) {
        run.ids.giveBack(jobId);
        throw error;
      }
    },
  };
}

/** Checks the chain again: some runners reveal only now that they use another process. */
async function callOf(
  rest: Chain,
  input: unknown,
  { jobId, signal, tools }: { jobId: string; signal: AbortSignal; tools: TaskTools },
) {
  checkChain({ ...rest, entries: [CROSSING, ...rest.entries] }, tools.table);
  const options = { what: "input", task: rest.task, registry: tools.registry } as const;
  return toCall(rest, await encodeTravelling(input, { ...options, jobId, signal }));
}

const CROSSING: ChainEntry = {
  name: "this runner",
  config: {},
  definition: { create: () => ({}), crossesProcess: true },
};

const namedOnly = ({ name }: ChainEntry) => ({ name, config: {} });

export const NEVER: AbortSignal = new AbortController().signal;

export function checkJobId(id: string): void {
  if (isNewId(id, 180) && !isReservedId(id)) return;
  const state = isReservedId(id) ? "Redis queues reserve this id" : "invalid job id";
  const hint =
    "Use 1 to 180 characters (A-Z, a-z, 0-9, ., _ and -), not a number. Add a prefix to a reserved id.";
  throw invalid("submit as", shown(id), state, { hint });
}

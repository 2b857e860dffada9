// A pool of workers on one store: they start when there is work for them, are replaced when they
// crash or hang, and end when there is none.
import type { BackendDescriptor } from "../core/backend.ts";
import { fault, messageOf, type RegistryError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import type { CacheDescriptor } from "../registry/cache/cache.ts";
import { createChannel } from "./channel.ts";
import type { Channel, Methods } from "./channel.ts";
import type { WorkerMethods } from "./protocol.ts";
import { createSolitary } from "./slots.ts";
import type { Slot, Solitary } from "./slots.ts";
import { startThread } from "./threads.ts";

export interface PoolOptions {
  /** Most workers at once; half as many more, at least 1, for jobs whose worker was lost. */
  workers: number;
  descriptor: BackendDescriptor;
  cache?: CacheDescriptor;
  methods: Methods;
  stuckAfterMs: number;
  idleMs: number;
  system: System;
}

export interface Pool {
  readonly slots: readonly Slot[];
  readonly running: number;
  readonly startMs: number;
  readonly answerMs: number;
  readonly alone: Solitary;
  /** Ends all workers once they wrote what they cache, and starts no more; work under way fails. */
  close(): Promise<void>;
}

const lost = new WeakSet<WeakKey>();

/** Whether something failed because its worker crashed or hung. Nothing was committed by it. */
export function isWorkerLost(error: unknown): error is RegistryError {
  return typeof error === "object" && error !== null && lost.has(error);
}

const ASSUMED_START_MS = 100; // until one was started and measured
const ASSUMED_ANSWER_MS = 1;
const FINISH_MS = 5_000; // what is not in the cache then is fetched again
const LOOKS = 4; // before a silent worker counts as stuck

export function createPool(options: PoolOptions): Pool {
  const { workers, descriptor, cache, methods, stuckAfterMs, idleMs, system } = options;
  const live = new Set<LiveWorker>();
  let startMs = ASSUMED_START_MS, answerMs = ASSUMED_ANSWER_MS;
  let opened = 0, unable = false, closed = false;
  const slots = Array.from({ length: workers }, createSlot);
  const alone = createSolitary(Math.max(Math.ceil(workers / 2), 1), createSlot);

  return {
    get slots() {
      return unable ? [] : slots;
    },
    get running() {
      return live.size;
    },
    get startMs() {
      return startMs;
    },
    get answerMs() {
      return answerMs;
    },
    alone,
    async close() {
      closed = true;
      await Promise.all([...live].map((worker) => worker.finish(batchClosed())));
    },
  };

  function createSlot(): Slot {
    let worker: LiveWorker | undefined;
    return {
      pendingMs: 0,
      get running() {
        return worker?.ended === false && worker.isOpen;
      },
      async use(job) {
        if (closed) throw batchClosed();
        if (worker === undefined || worker.ended) worker = start();
        const used = worker;
        used.take();
        try {
          await used.opened;
          return await job(used.channel);
        } finally {
          used.leave();
        }
      },
    };
  }

  function start(): LiveWorker {
    const startedAt = system.monotonic();
    const worker = startWorker({
      methods,
      stuckAfterMs,
      idleMs,
      system,
      onEnd: () => live.delete(worker),
    });
    live.add(worker);
    const { functions = {}, ...backend } = descriptor;
    worker.opened = (async () => {
      await worker.channel.call("open", { backend, functions: Object.keys(functions), cache });
      const openedAt = system.monotonic();
      opened++;
      worker.isOpen = true;
      startMs = openedAt - startedAt;
      await worker.channel.call("ping", undefined);
      answerMs = system.monotonic() - openedAt;
    })().catch((error) => {
      // Code that may not be read, a store that opens only here: where the first does not start, none will.
      unable ||= opened === 0 && !closed;
      const reason = closed || isWorkerLost(error)
        ? error
        : workerLost(`it did not start: ${messageOf(error)}`);
      worker.end(reason);
      throw reason;
    });
    worker.opened.catch(() => {}); // whoever waits for it hears of it
    return worker;
  }
}

interface LiveWorker {
  readonly channel: Channel<WorkerMethods>;
  readonly ended: boolean;
  opened: Promise<void>;
  isOpen: boolean;
  take(): void;
  leave(): void;
  end(reason: RegistryError): void;
  finish(reason: RegistryError): Promise<void>;
}

interface StartOptions extends Pick<PoolOptions, "methods" | "stuckAfterMs" | "idleMs" | "system"> {
  onEnd(): void;
}

function startWorker({ methods, stuckAfterMs, idleMs, system, onEnd }: StartOptions): LiveWorker {
  const thread = startThread(new URL("./worker.ts", import.meta.url), {
    onMessage(message) {
      silentLooks = 0;
      channel.receive(message);
    },
    onLost: (state) => end(workerLost(state)),
  });
  const channel = createChannel<WorkerMethods>(methods, thread.post);
  let jobs = 0, ended = false;
  let silentLooks = 0;
  let waiting = new AbortController();

  return {
    channel,
    get ended() {
      return ended;
    },
    opened: Promise.resolve(),
    isOpen: false,
    take() {
      jobs++;
      if (jobs > 1) return;
      silentLooks = 0;
      restart(watch);
    },
    leave() {
      jobs--;
      if (jobs === 0 && !ended) restart(endWhenIdle);
    },
    end,
    finish,
  };

  function restart(task: (signal: AbortSignal) => Promise<void>): void {
    waiting.abort();
    waiting = new AbortController();
    task(waiting.signal).catch(() => {});
  }

  /** Counts looks, not time: while this thread itself was busy or asleep, nothing could be heard. */
  async function watch(signal: AbortSignal): Promise<void> {
    for (;;) {
      channel.call("ping", undefined).catch(() => {});
      await system.sleep(stuckAfterMs / LOOKS, signal);
      if (++silentLooks > LOOKS) end(workerLost(`it said nothing for ${stuckAfterMs} ms`));
    }
  }

  async function endWhenIdle(signal: AbortSignal): Promise<void> {
    await system.sleep(idleMs, signal);
    await finish(workerLost("it had nothing to do"), signal);
  }

  async function finish(reason: RegistryError, signal?: AbortSignal): Promise<void> {
    const late = AbortSignal.timeout(FINISH_MS);
    if (jobs === 0) {
      await channel.call("close", undefined, { signal: late }).catch(() => {});
      if (signal?.aborted) return; // it was given work meanwhile
    }
    end(reason);
  }

  function end(reason: RegistryError): void {
    if (ended) return;
    ended = true;
    waiting.abort();
    thread.end();
    onEnd();
    channel.close(reason);
  }
}

function batchClosed(): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "finish in a worker",
    state: "the batch was closed",
    hint: "Wait for what was begun before the batch is disposed.",
  });
}

function workerLost(state: string): RegistryError {
  const error = fault({
    code: "TaskFailed",
    action: "finish in a worker",
    state,
    hint:
      "Nothing was committed by it. Leave workers out (workers: 0) to see the failure where it happens.",
  });
  lost.add(error);
  return error;
}

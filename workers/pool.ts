// A pool of workers on one store. Workers start on demand, are replaced when they crash or hang,
// and end when they are idle.
import type { BackendDescriptor } from "../core/backend.ts";
import { messageOf, RegistryError, taskFailed } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { createLimit } from "../core/work/at_once.ts";
import type { CacheDescriptor } from "../registry/cache/cache.ts";
import { type Channel, createChannel, type Methods } from "./channel.ts";
import type { WorkerMethods } from "./protocol.ts";
import { startThread, type Thread } from "../disk/spread/threads.ts";

const FINISH_MS = 5_000; // limit for writing the cache before the end
const CHECKS = 4; // without a message, until a worker counts as stuck

export interface PoolOptions {
  /** Maximum number of workers, besides one for the jobs of lost workers. */
  workers: number;
  descriptor: BackendDescriptor;
  cache?: CacheDescriptor;
  methods: Methods;
  /** A busy worker is ended after this time without a message, milliseconds. */
  stuckAfterMs: number;
  /** An idle worker is ended after this time, milliseconds. */
  idleMs: number;
  system: System;
}

/** A job of a worker. The worker stays alive until it ends. */
export type WorkerJob<T> = (worker: Channel<WorkerMethods>) => Promise<T>;

/** A worker crashed or hung. Nothing was committed by it. */
export class WorkerLost extends RegistryError {
  constructor(state: string) {
    const hint = "It committed nothing. Pass workers: 0 to see the failure on this thread.";
    const reason = { kind: "worker_lost" } as const;
    super({ code: "TaskFailed", action: "finish in a worker", state, hint, reason });
  }
}

export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #slots: Slot[];
  readonly #alone: Slot;
  readonly #turn = createLimit(1);
  readonly #live = new Set<LiveWorker>();
  #opened = false;
  #unable = false;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    const start = () => this.#start();
    this.#slots = Array.from({ length: options.workers }, () => new Slot(start));
    this.#alone = new Slot(start);
  }

  /** The slots for workers; none if workers cannot start. */
  get slots(): readonly Slot[] {
    return this.#unable ? [] : this.#slots;
  }

  get running(): number {
    return this.#live.size;
  }

  /** Runs a job of a lost worker alone: any of that worker's jobs may have crashed it. */
  alone<T>(job: WorkerJob<T>): Promise<T> {
    return this.#turn(() => this.#alone.use(job));
  }

  /** Ends all workers after they have written their caches. Unfinished work fails. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(Array.from(this.#live, (worker) => worker.finish(batchClosed())));
  }

  #start(): LiveWorker {
    if (this.#closed) throw batchClosed();
    const worker = new LiveWorker(this.#options, {
      onEnd: () => this.#live.delete(worker),
      // If the first worker cannot start, none can: unreadable code, a store that opens only here.
      onOpened: () => this.#opened = true,
      onFailed: () => this.#unable ||= !this.#opened && !this.#closed,
    });
    this.#live.add(worker);
    return worker;
  }
}

export class Slot {
  /** The cost of its unfinished jobs. */
  pending = 0;
  readonly #start: () => LiveWorker;
  #worker?: LiveWorker;

  constructor(start: () => LiveWorker) {
    this.#start = start;
  }

  get running(): boolean {
    return this.#worker?.ended === false && this.#worker.isOpen;
  }

  async use<T>(job: WorkerJob<T>): Promise<T> {
    if (this.#worker === undefined || this.#worker.ended) this.#worker = this.#start();
    return await this.#worker.use(job);
  }
}

interface WorkerEvents {
  onOpened(): void;
  onFailed(): void;
  onEnd(): void;
}

class LiveWorker {
  ended = false;
  isOpen = false;
  readonly #options: PoolOptions;
  readonly #events: WorkerEvents;
  readonly #thread: Thread;
  readonly #channel: Channel<WorkerMethods>;
  readonly #opened: Promise<void>;
  #jobs = 0;
  #silentChecks = 0;
  #waiting = new AbortController();

  constructor(options: PoolOptions, events: WorkerEvents) {
    this.#options = options;
    this.#events = events;
    this.#thread = startThread(new URL("./worker.ts", import.meta.url), {
      onMessage: (message) => {
        this.#silentChecks = 0;
        this.#channel.receive(message);
      },
      onLost: (state) => this.#end(new WorkerLost(state)),
    });
    this.#channel = createChannel<WorkerMethods>(options.methods, this.#thread.post);
    this.#opened = this.#open();
    this.#opened.catch(() => {}); // `use` reports it
  }

  async #open(): Promise<void> {
    const { descriptor: { functions = {}, ...backend }, cache } = this.#options;
    try {
      await this.#channel.call("open", { backend, functions: Object.keys(functions), cache });
      this.isOpen = true;
      this.#events.onOpened();
    } catch (error) {
      this.#events.onFailed();
      const isKnown = error instanceof WorkerLost || this.ended;
      const reason = isKnown ? error : new WorkerLost(`it cannot start: ${messageOf(error)}`);
      this.#end(reason as RegistryError);
      throw reason;
    }
  }

  async use<T>(job: WorkerJob<T>): Promise<T> {
    if (++this.#jobs === 1) this.#restart((signal) => this.#watch(signal));
    try {
      await this.#opened;
      return await job(this.#channel);
    } finally {
      if (--this.#jobs === 0 && !this.ended) this.#restart((signal) => this.#endWhenIdle(signal));
    }
  }

  /** Ends it after it has written its cache; at once if it has jobs. */
  async finish(reason: RegistryError, signal?: AbortSignal): Promise<void> {
    if (this.#jobs === 0) {
      const late = AbortSignal.timeout(FINISH_MS);
      await this.#channel.call("close", undefined, { signal: late }).catch(() => {});
      if (signal?.aborted) return; // it has a new job
    }
    this.#end(reason);
  }

  /** Replaces the current timer: either the watch of a busy worker or the end of an idle one. */
  #restart(task: (signal: AbortSignal) => Promise<void>): void {
    this.#waiting.abort();
    this.#waiting = new AbortController();
    task(this.#waiting.signal).catch(() => {});
  }

  /** Counts checks rather than time: a busy or suspended caller's thread receives nothing. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { system, stuckAfterMs } = this.#options;
    for (this.#silentChecks = 0; this.#silentChecks <= CHECKS; this.#silentChecks++) {
      this.#channel.call("ping", undefined).catch(() => {});
      await system.sleep(stuckAfterMs / CHECKS, signal);
    }
    this.#end(new WorkerLost(`it did not respond for ${stuckAfterMs} ms`));
  }

  async #endWhenIdle(signal: AbortSignal): Promise<void> {
    await this.#options.system.sleep(this.#options.idleMs, signal);
    await this.finish(new WorkerLost("it was idle"), signal);
  }

  #end(reason: RegistryError): void {
    if (this.ended) return;
    this.ended = true;
    this.#waiting.abort();
    this.#thread.end();
    this.#events.onEnd();
    this.#channel.close(reason);
  }
}

function batchClosed(): RegistryError {
  return taskFailed("finish in a worker", undefined, "the batch was closed", {
    hint: "Await all calls before you close the batch.",
  });
}

// A pool of workers on one store: they start when there is work for them, are replaced when they
// crash or hang, and end when there is none.
import type { BackendDescriptor } from "../core/backend.ts";
import { fault, messageOf, RegistryError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { createLimit } from "../core/work/at_once.ts";
import type { CacheDescriptor } from "../registry/cache/cache.ts";
import { type Channel, createChannel, type Methods } from "./channel.ts";
import type { WorkerMethods } from "./protocol.ts";
import { startThread, type Thread } from "./threads.ts";

const FINISH_MS = 5_000; // what is not in the cache then is fetched again
const LOOKS = 4; // before a silent worker counts as stuck

export interface PoolOptions {
  /** Most workers at once; one more for jobs whose worker was lost. */
  workers: number;
  descriptor: BackendDescriptor;
  cache?: CacheDescriptor;
  methods: Methods;
  /** A worker that is silent for so long while it has work is ended, milliseconds. */
  stuckAfterMs: number;
  /** A worker without work is ended after so long, milliseconds. */
  idleMs: number;
  system: System;
}

/** A job for a worker, which does not end before it. */
export type WorkerJob<T> = (worker: Channel<WorkerMethods>) => Promise<T>;

/** A worker crashed or hung. Nothing was committed by it. */
export class WorkerLost extends RegistryError {
  constructor(state: string) {
    super({
      code: "TaskFailed",
      action: "finish in a worker",
      state,
      hint: "Nothing was committed by it. Pass workers: 0 to see the failure where it happens.",
      hints: { cli: "Nothing was committed by it. Add --workers 0 to see where it fails." },
    });
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

  /** The places for workers; none where no worker can be started. */
  get slots(): readonly Slot[] {
    return this.#unable ? [] : this.#slots;
  }

  get running(): number {
    return this.#live.size;
  }

  /** Runs a job that was under way in a worker that was lost: nobody knows which of its jobs brought it down. */
  alone<T>(job: WorkerJob<T>): Promise<T> {
    return this.#turn(() => this.#alone.use(job));
  }

  /** Ends all workers once they wrote what they cache, and starts no more. Work under way fails. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(Array.from(this.#live, (worker) => worker.finish(batchClosed())));
  }

  #start(): LiveWorker {
    if (this.#closed) throw batchClosed();
    const worker = new LiveWorker(this.#options, {
      onEnd: () => this.#live.delete(worker),
      // Code that may not be read, a store that opens only here: if the first does not start, none will.
      onOpened: () => this.#opened = true,
      onFailed: () => this.#unable ||= !this.#opened && !this.#closed,
    });
    this.#live.add(worker);
    return worker;
  }
}

export class Slot {
  /** Cost of the jobs that it was given and that have not ended. */
  pending = 0;
  readonly #start: () => LiveWorker;
  #worker?: LiveWorker;

  constructor(start: () => LiveWorker) {
    this.#start = start;
  }

  get running(): boolean {
    return this.#worker?.ended === false && this.#worker.isOpen;
  }

  /** Runs a job in its worker, which is started if need be. */
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
  #silentLooks = 0;
  #waiting = new AbortController();

  constructor(options: PoolOptions, events: WorkerEvents) {
    this.#options = options;
    this.#events = events;
    this.#thread = startThread(new URL("./worker.ts", import.meta.url), {
      onMessage: (message) => {
        this.#silentLooks = 0;
        this.#channel.receive(message);
      },
      onLost: (state) => this.#end(new WorkerLost(state)),
    });
    this.#channel = createChannel<WorkerMethods>(options.methods, this.#thread.post);
    this.#opened = this.#open();
    this.#opened.catch(() => {}); // reported to those who use it
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
      const reason = isKnown ? error : new WorkerLost(`it did not start: ${messageOf(error)}`);
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

  /** Ends it when it has written what it caches; at once, if it has other work. */
  async finish(reason: RegistryError, signal?: AbortSignal): Promise<void> {
    if (this.#jobs === 0) {
      const late = AbortSignal.timeout(FINISH_MS);
      await this.#channel.call("close", undefined, { signal: late }).catch(() => {});
      if (signal?.aborted) return; // it was given work meanwhile
    }
    this.#end(reason);
  }

  /** Of watching and waiting to end, one goes on at a time. */
  #restart(task: (signal: AbortSignal) => Promise<void>): void {
    this.#waiting.abort();
    this.#waiting = new AbortController();
    task(this.#waiting.signal).catch(() => {});
  }

  /** Counts looks, not time: while this thread itself was busy or asleep, it received nothing. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { system, stuckAfterMs } = this.#options;
    for (this.#silentLooks = 0; this.#silentLooks <= LOOKS; this.#silentLooks++) {
      this.#channel.call("ping", undefined).catch(() => {});
      await system.sleep(stuckAfterMs / LOOKS, signal);
    }
    this.#end(new WorkerLost(`it said nothing for ${stuckAfterMs} ms`));
  }

  async #endWhenIdle(signal: AbortSignal): Promise<void> {
    await this.#options.system.sleep(this.#options.idleMs, signal);
    await this.finish(new WorkerLost("it had nothing to do"), signal);
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
  return fault({
    code: "TaskFailed",
    action: "finish in a worker",
    state: "the batch was closed",
    hint: "Wait for what was begun before the batch is disposed.",
  });
}

// One write operation: its commit id, how long it has been under way, and how far it may still go.
import type { Backend, ObjectInfo } from "../../core/backend.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { RecordBase } from "../../core/record.ts";
import { FORMAT } from "../format/record_codec.ts";
import type { OpeningStore } from "./store.ts";

export interface Moment {
  /** Own monotonic clock. */
  monotonic: number;
  /** Own wall clock. */
  wall: number;
  /** The store's clock at the last reply that told it, or as an earlier operation makes it known. */
  store?: number;
}

/** One write operation. It commits at most once. */
export class Operation {
  /** Its commit id, a UUIDv7. */
  readonly commit: string;
  /** What it does, for messages: `save "a@1.0.0"`. */
  readonly action: string;
  readonly signal?: AbortSignal;
  /** True from the moment a create was sent whose outcome is not known. */
  unresolved = false;
  /** When it last read what it relies on: the head that it writes above, the base or the draft whose files it takes. */
  readonly views: { head?: Moment; base?: Moment; draft?: Moment } = {};
  /** How old a view may be, and how long the operation may go on unless it is renewed: a quarter of the least grace. */
  readonly deadlineMs: number;
  readonly #store: OpeningStore;
  readonly #graceMs: number;
  /** When it began, by own clocks: its first request, or its last renewal. */
  #start: Moment;
  /** Whether a request was sent. */
  #sending = false;
  /** When it began, by the store's clock: the first reply, or the last that renewed. */
  #startedAt?: number;
  #firstReply?: number;
  #lastReply?: number;

  constructor(store: OpeningStore, action: string, signal?: AbortSignal) {
    this.commit = store.system.id();
    this.action = action;
    this.signal = signal;
    this.#store = store;
    this.#graceMs = store.settings.leastGraceMs;
    this.deadlineMs = this.#graceMs / 4;
    this.#start = this.moment();
  }

  /** Whether a reply has told the store's time: before that, own clocks say when it began. */
  get replied(): boolean {
    return this.#lastReply !== undefined;
  }

  /** The clocks now. */
  moment(): Moment {
    const { system } = this.#store;
    return {
      monotonic: system.monotonic(),
      wall: system.now(),
      store: this.#lastReply ?? this.#storeNow(),
    };
  }

  /** Milliseconds since a moment, by the clock that says most. */
  ageMs(since: Moment): number {
    const { system } = this.#store;
    const last = this.#lastReply;
    const byStore = last === undefined ? 0 : last - (since.store ?? this.#firstReply!);
    return Math.max(system.monotonic() - since.monotonic, system.now() - since.wall, byStore);
  }

  /** Throws if nothing may be sent any more: aborted, or past the deadline. */
  checkSend(): void {
    this.#check(false);
  }

  /** The same before a record, which relies on what was read: that must not be too old either. */
  checkCommit(): void {
    this.#check(true);
  }

  noteReply({ modifiedAt }: ObjectInfo): void {
    const { system } = this.#store;
    this.#firstReply ??= modifiedAt;
    this.#startedAt ??= modifiedAt;
    this.#lastReply = Math.max(this.#lastReply ?? modifiedAt, modifiedAt);
    const wall = system.now();
    this.#store.clockOffset = { ms: modifiedAt - wall, wall, monotonic: system.monotonic() };
  }

  /** Whether a record of this operation that landed then did so so late that its payload may have been collected. */
  landedLate({ modifiedAt }: ObjectInfo): boolean {
    return modifiedAt > this.#began() + this.#graceMs / 2;
  }

  /** Counts from a renewal that was sent at `sentAt` (see {@linkcode Operation.moment}) and had this reply. */
  renew(info: ObjectInfo, sentAt: Moment): void {
    this.noteReply(info);
    this.#startedAt = info.modifiedAt;
    this.#start = sentAt; // by the store's clock too it counts from before: a renewal may itself come too late
  }

  recordBase(generation: number, previous?: string): RecordBase {
    return {
      format: FORMAT,
      generation,
      commit: this.commit,
      ...(previous === undefined ? {} : { previous }),
      startedAt: new Date(this.#began()).toISOString(),
      createdAt: new Date(this.#store.system.now()).toISOString(),
    };
  }

  #began(): number {
    return this.#startedAt ?? this.#start.store ?? this.#start.wall;
  }

  #storeNow(): number | undefined {
    const { system, clockOffset: known } = this.#store;
    if (known === undefined) return undefined;
    const drift = system.now() - known.wall - (system.monotonic() - known.monotonic);
    // a wall clock that was set since, or that stood still alone, says nothing of the store's
    return Math.abs(drift) > this.deadlineMs / 4 ? undefined : system.now() + known.ms;
  }

  #check(committing: boolean): void {
    const { backend } = this.#store;
    if (!this.#sending) this.#start = this.moment(); // what came before the first request does not count
    this.#sending = true;
    const { signal, deadlineMs } = this;
    if (signal?.aborted) {
      if (this.unresolved) throw unknownOutcome(backend, this, signal.reason);
      throw signal.reason;
    }
    const start = this.#start;
    const { head = start, base = start, draft = start } = this.views;
    const relied = new Set(committing ? [start, head, base, draft] : [start]); // mostly one moment
    if (![...relied].some((since) => this.ageMs(since) > deadlineMs)) return;
    if (this.unresolved) throw unknownOutcome(backend, this);
    throw fault({
      code: "Unavailable",
      action: this.action,
      state: `it took longer than ${deadlineMs} ms, so nothing was committed`,
      hint: "Try again.",
      backend: backend.location,
      commit: this.commit,
    });
  }
}

export function startOperation(
  store: OpeningStore,
  action: string,
  signal?: AbortSignal,
): Operation {
  return new Operation(store, action, signal);
}

/** The error of an operation that sent a create and cannot learn what became of it. */
export function unknownOutcome(
  backend: Backend,
  operation: Operation,
  cause?: unknown,
): RegistryError {
  return fault({
    code: "Unknown",
    action: "say whether it happened",
    state: `${operation.action} was sent and not answered`,
    hint:
      "Read it again to see. A save that had an idempotencyKey may be repeated with it: it never saves twice.",
    hints: {
      cli:
        "Read it again to see. A save that had an --idempotency-key may be repeated with it: it never saves twice.",
    },
    backend: backend.location,
    maybeWritten: true,
    commit: operation.commit,
    cause,
  });
}

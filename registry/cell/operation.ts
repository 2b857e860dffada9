// One write operation: its commit id, its age, and its deadline.
import type { Backend, ObjectInfo } from "../../core/backend.ts";
import { type RegistryError, unavailable, unresolved } from "../../core/errors.ts";
import { type Author, presentSender } from "../../core/naming/author.ts";
import type { RecordBase } from "../../core/record.ts";
import { FORMAT } from "../format/record_codec.ts";
import type { OpeningStore } from "./store.ts";

export interface Moment {
  /** Local monotonic clock. */
  monotonic: number;
  /** Local wall clock. */
  wall: number;
  /** Time of the store at the last reply that had one, or derived from an earlier operation. */
  store?: number;
}

/** One write operation. It commits at most once. */
export class Operation {
  /** A UUIDv7. */
  readonly commit: string;
  /** The action in messages: `save "a@1.0.0"`. */
  readonly action: string;
  readonly signal?: AbortSignal;
  /** The author, if known. Records of mirrors have that of the original instead. */
  readonly by?: Author;
  /** True after a create was sent, until its outcome is known. */
  unresolved = false;
  /** When it last read the head to write above, and the base or draft whose files it uses. */
  readonly views: { head?: Moment; base?: Moment; draft?: Moment } = {};
  /** Maximum age of a view, and of the operation since its last renewal: `leastGraceMs` / 4. */
  readonly deadlineMs: number;
  readonly #store: OpeningStore;
  readonly #graceMs: number;
  /** Local time of the first request, or of the last renewal. */
  #start: Moment;
  #sending = false;
  /** Time of the store at the first reply, or at the last renewal. */
  #startedAt?: number;
  #firstReply?: number;
  #lastReply?: number;

  constructor(store: OpeningStore, action: string, signal?: AbortSignal) {
    this.commit = store.system.id();
    this.action = action;
    this.signal = signal;
    this.by = presentSender() ?? store.author;
    this.#store = store;
    this.#graceMs = store.settings.leastGraceMs;
    this.deadlineMs = this.#graceMs / 4;
    this.#start = this.moment();
  }

  /** True after a reply with the time of the store. Before it, local clocks give the age. */
  get replied(): boolean {
    return this.#lastReply !== undefined;
  }

  moment(): Moment {
    const { system } = this.#store;
    return {
      monotonic: system.monotonic(),
      wall: system.now(),
      store: this.#lastReply ?? this.#storeNow(),
    };
  }

  /** Returns the milliseconds since a moment, by the clock that moved most. */
  ageMs(since: Moment): number {
    const { system } = this.#store;
    const last = this.#lastReply;
    const byStore = last === undefined ? 0 : last - (since.store ?? this.#firstReply!);
    return Math.max(system.monotonic() - since.monotonic, system.now() - since.wall, byStore);
  }

  /** Throws if nothing more may be sent: aborted, or past the deadline. */
  checkSend(): void {
    this.#check(false);
  }

  /** Like `checkSend`, before a record is sent: everything it relies on must be recent too. */
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

  /** Returns true if a record of this operation landed so late that its payload may be gone. */
  landedLate({ modifiedAt }: ObjectInfo): boolean {
    return modifiedAt > this.#began() + this.#graceMs / 2;
  }

  /** Restarts the deadline at `sentAt`, when the renewal with this reply was sent. */
  renew(info: ObjectInfo, sentAt: Moment): void {
    this.noteReply(info);
    this.#startedAt = info.modifiedAt;
    this.#start = sentAt; // not the time of the reply: a renewal may itself be late
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
    // The wall clock was set, or one clock stopped, so the offset is not valid any more.
    return Math.abs(drift) > this.deadlineMs / 4 ? undefined : system.now() + known.ms;
  }

  #check(committing: boolean): void {
    const { backend } = this.#store;
    if (!this.#sending) this.#start = this.moment(); // the clock starts with the first request
    this.#sending = true;
    const { signal, deadlineMs } = this;
    if (signal?.aborted) {
      if (this.unresolved) throw unknownOutcome(backend, this, signal.reason);
      throw signal.reason;
    }
    const start = this.#start;
    const { head = start, base = start, draft = start } = this.views;
    const relied = new Set(committing ? [start, head, base, draft] : [start]);
    if (![...relied].some((since) => this.ageMs(since) > deadlineMs)) return;
    if (this.unresolved) throw unknownOutcome(backend, this);
    const state = `timed out after ${deadlineMs} ms, nothing was committed`;
    throw unavailable(this.action, undefined, state, {
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

/** Makes the error of an operation that sent a create whose outcome cannot be determined. */
export function unknownOutcome(
  backend: Backend,
  operation: Operation,
  cause?: unknown,
): RegistryError {
  const state = "the request was sent but got no response, so it may have succeeded";
  return unresolved(operation.action, undefined, state, {
    hint: "Read it again to see the outcome. A save with an idempotencyKey can be repeated safely.",
    reason: { kind: "outcome_unknown" },
    backend: backend.location,
    maybeWritten: true,
    commit: operation.commit,
    cause,
  });
}

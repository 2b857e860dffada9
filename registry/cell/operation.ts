// One write operation: its commit id, how long it has been under way, and how far it may still go.
import type { Backend, ObjectInfo } from "../../core/backend.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { RecordBase } from "../../core/record.ts";
import { FORMAT } from "../format/record_codec.ts";
import type { OpeningStore } from "./store.ts";

/** One write operation. It commits at most once. */
export interface Operation {
  /** Its commit id, a UUIDv7. */
  readonly commit: string;
  /** What it does, for messages: `save "a@1.0.0"`. */
  readonly action: string;
  readonly signal?: AbortSignal;
  /** True from the moment a create was sent whose outcome is not known. */
  unresolved: boolean;
  /** When it last read what it relies on: the head that it writes above, the base or the draft whose files it takes. */
  readonly views: { head?: Moment; base?: Moment; draft?: Moment };
  /** Milliseconds since a moment, by the clock that says most. */
  ageMs(since: Moment): number;
  /** How old a view may be, and how long the operation may go on unless it is renewed: a quarter of the least grace. */
  readonly deadlineMs: number;
  /** Throws where nothing may be sent any more: aborted, or past the deadline. */
  checkSend(): void;
  /** The same before a record, which relies on what was read: that must not be too old either. */
  checkCommit(): void;
  noteReply(info: ObjectInfo): void;
  /** Whether a record of this operation that landed then did so so late that its payload may have been collected. */
  landedLate(info: ObjectInfo): boolean;
  /** Whether a reply has told the store's time: before that, own clocks say when it began. */
  readonly replied: boolean;
  /** Counts from a renewal that was sent at `sentAt` (see {@linkcode Operation.moment}) and had this reply. */
  renew(info: ObjectInfo, sentAt: Moment): void;
  /** The clocks now. */
  moment(): Moment;
  recordBase(generation: number, previous?: string): RecordBase;
}

export interface Moment {
  /** Own monotonic clock. */
  monotonic: number;
  /** Own wall clock. */
  wall: number;
  /** The store's clock at the last reply that told it, or as an earlier operation makes it known. */
  store?: number;
}

export function startOperation(
  store: OpeningStore,
  action: string,
  signal?: AbortSignal,
): Operation {
  const { backend, system, settings } = store;
  const commit = system.id();
  const graceMs = settings.leastGraceMs;
  const deadlineMs = graceMs / 4;
  let firstReply: number | undefined;
  let lastReply: number | undefined;
  let startedAt: number | undefined; // the first reply, or the last that renewed
  const storeNow = () => {
    const { clockOffset: known } = store;
    if (known === undefined) return undefined;
    const drift = system.now() - known.wall - (system.monotonic() - known.monotonic);
    // a wall clock that was set since, or that stood still alone, says nothing of the store's
    return Math.abs(drift) > deadlineMs / 4 ? undefined : system.now() + known.ms;
  };
  const moment = (): Moment => ({
    monotonic: system.monotonic(),
    wall: system.now(),
    store: lastReply ?? storeNow(),
  });
  const began = () => startedAt ?? start.store ?? start.wall;
  let start = moment();
  let sending = false;

  const operation: Operation = {
    commit,
    action,
    signal,
    unresolved: false,
    views: {},
    deadlineMs,
    moment,
    ageMs(since) {
      const byStore = lastReply === undefined ? 0 : lastReply - (since.store ?? firstReply!);
      return Math.max(system.monotonic() - since.monotonic, system.now() - since.wall, byStore);
    },
    checkSend: () => check(false),
    checkCommit: () => check(true),
    noteReply({ modifiedAt }) {
      firstReply ??= modifiedAt;
      startedAt ??= modifiedAt;
      lastReply = Math.max(lastReply ?? modifiedAt, modifiedAt);
      const wall = system.now();
      store.clockOffset = { ms: modifiedAt - wall, wall, monotonic: system.monotonic() };
    },
    landedLate: ({ modifiedAt }) => modifiedAt > began() + graceMs / 2,
    get replied() {
      return lastReply !== undefined;
    },
    renew(info, sentAt) {
      operation.noteReply(info);
      startedAt = info.modifiedAt;
      start = sentAt; // by the store's clock too it counts from before: a renewal may itself come too late
    },
    recordBase(generation, previous) {
      return {
        format: FORMAT,
        generation,
        commit,
        ...(previous === undefined ? {} : { previous }),
        startedAt: new Date(began()).toISOString(),
        createdAt: new Date(system.now()).toISOString(),
      };
    },
  };
  return operation;

  function check(committing: boolean): void {
    if (!sending) start = moment(); // what came before the first request does not count
    sending = true;
    if (signal?.aborted) {
      if (operation.unresolved) throw unknownOutcome(backend, operation, signal.reason);
      throw signal.reason;
    }
    const { head = start, base = start, draft = start } = operation.views;
    const relied = new Set(committing ? [start, head, base, draft] : [start]); // mostly one moment
    if (![...relied].some((since) => operation.ageMs(since) > deadlineMs)) return;
    if (operation.unresolved) throw unknownOutcome(backend, operation);
    throw fault({
      code: "Unavailable",
      action,
      state: `it took longer than ${deadlineMs} ms, so nothing was committed`,
      hint: "Try again.",
      backend: backend.location,
      commit,
    });
  }
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

// Turns of the event loop, for long loops over data in memory that would block all other work.
//
// All loops of a process share its turns: each runs for at most 10 ms, then waits for the loops that
// came before it, and between two of them the process answers others. Twenty loops at once take
// longer than one, but delay others no more than one does.
import { fixedLength } from "../bytes/bytes.ts";
import { realSystem } from "../system.ts";

/** The longest that loops keep the thread, milliseconds. */
const SLICE_MS = 10;

/**
 * How long loops run without a timer, milliseconds. Deno polls sockets before timers, but only once
 * in about 60 immediates. A timer takes 1 to 2 ms, an immediate 20 µs.
 */
const POLL_EVERY_MS = 30;

/** Waits for the next immediate; browsers have none. */
const { setImmediate = (run: () => void) => void realSystem.sleep(0).then(run) } = globalThis as {
  setImmediate?(run: () => void): unknown;
};

/** A Worker gives each request a thread of its own, and they must not wait for each other. */
const isShared = fixedLength === undefined;

/** Loops that wait for their turn. */
const waiting: (() => void)[] = [];
let isPassing = false;
/** When a loop first ran in this turn of the event loop; undefined if none has. */
let beganAt: number | undefined;
/** When sockets were last polled for sure. */
let polledAt = -Infinity;

/** Waits for the next turn of the event loop, and for the loops that wait already. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (!isShared) return void setImmediate(resolve);
    waiting.push(resolve);
    if (!isPassing) pass();
  });
}

/** Lets one loop go on in each turn of the event loop. */
function pass(): void {
  isPassing = true;
  const now = realSystem.monotonic();
  if (now - polledAt < POLL_EVERY_MS) return void setImmediate(goOn);
  polledAt = now;
  void realSystem.sleep(0).then(goOn);
}

function goOn(): void {
  isPassing = false;
  begin(realSystem.monotonic());
  waiting.shift()?.();
  if (waiting.length > 0) pass();
}

function begin(now: number): void {
  beganAt = now;
  setImmediate(() => {
    if (!isPassing) beganAt = undefined;
  });
}

/** The last call of `giveWay`. */
let last = Promise.resolve();

/**
 * Lets other work go on if loops have run for 10 ms. Calls go on in order, each after the next step
 * of the one before: many loops that begin together do not all run in one turn. Throws if the signal
 * is aborted then.
 */
export function giveWay(signal?: AbortSignal): Promise<void> {
  if (isShared) last = last.then(goOnInTime);
  return signal === undefined ? last : last.then(() => signal.throwIfAborted());
}

function goOnInTime(): Promise<void> | undefined {
  const now = realSystem.monotonic();
  if (beganAt !== undefined) return now - beganAt >= SLICE_MS ? nextTurn() : undefined;
  polledAt = now;
  begin(now);
}

/** Yields items some at a time, and lets other work go on after each `count` of them. */
export async function* slicesInTurns<T>(
  items: readonly T[],
  count = 500,
): AsyncGenerator<readonly T[]> {
  for (let from = 0; from < items.length; from += count) {
    if (from > 0) await nextTurn();
    yield items.slice(from, from + count);
  }
}

/**
 * Yields items, and lets other work go on after each `count` of them; in a listing, whose records may
 * come from memory, after 10 ms.
 */
export async function* inTurns<T>(
  items: readonly T[] | AsyncIterable<T>,
  count?: number,
): AsyncGenerator<T> {
  if (Symbol.asyncIterator in items) {
    for await (const item of items) {
      await giveWay();
      yield item;
    }
    return;
  }
  for await (const some of slicesInTurns(items, count)) yield* some;
}

// Notes of when each position was last read, one for each shard. A run reads the window that waits
// longest. Without notes, or with wrong ones, bytes are read again sooner or later than needed.
import { isRegistryError, type Shard } from "../../core/kernel.ts";
import { LAYOUT, type Records } from "../../registry/records.ts";
import type { VerifyCoverage } from "./report.ts";
import { windowOfDay } from "./sample.ts";
import { ALL, POSITIONS, WHOLE } from "./selection.ts";
import type { Positions } from "./selection.ts";

/** When each position was read, Unix milliseconds; 0 if never, negative if not all was right. */
type Times = Float64Array;

const MAX_NOTE_BYTES = 1024 * 1024;

interface NotedShard {
  shard: Readonly<Shard>;
  times: Times;
}

export class Readings {
  readonly #context: Records;
  readonly #own: NotedShard;
  readonly #others: NotedShard[] = [];
  readonly #startedAt: number;
  readonly #signal?: AbortSignal;
  #canWrite = false;

  /** Reads the notes of all shards, and tries to write that of this one. */
  static async open(
    context: Records,
    { shard = WHOLE, startedAt, signal }: {
      shard?: Readonly<Shard>;
      startedAt: number;
      signal?: AbortSignal;
    },
  ): Promise<Readings> {
    const own: NotedShard = { shard, times: new Float64Array(POSITIONS) };
    const readings = new Readings(context, own, startedAt, signal);
    await readings.#attempt("read", async () => {
      for await (const entry of context.backend.list(LAYOUT.READINGS, { signal })) {
        const of = "key" in entry ? parseReadingsKey(entry.key) : undefined;
        const times = of && await readings.#read(of);
        if (of === undefined || times === undefined) continue;
        if (of.index === shard.index && of.count === shard.count) own.times = times;
        else readings.#others.push({ shard: of, times });
      }
      return true;
    });
    if (!context.readOnly) readings.#canWrite = await readings.#write() ?? false;
    return readings;
  }

  private constructor(context: Records, own: NotedShard, startedAt: number, signal?: AbortSignal) {
    this.#context = context;
    this.#own = own;
    this.#startedAt = startedAt;
    this.#signal = signal;
  }

  /** Returns the window that waits longest. If nothing can be noted, that of the day. */
  next(windows: readonly Positions[]): Positions {
    const today = windowOfDay(windows, this.#startedAt);
    const ordered = [...windows.slice(today), ...windows.slice(0, today)];
    if (!this.#canWrite) return ordered[0] ?? ALL;
    const times = this.#ofAllShards();
    replaceOlder(times, this.#own.times);
    const oldest = ({ from, to }: Positions) => times.subarray(from, to).reduce(older, Infinity);
    return ordered.reduce((best, window) => oldest(window) < oldest(best) ? window : best);
  }

  /** Notes a run, and if all that it read was right. One that ran at the same time may win. */
  async note({ from, to }: Positions, isRight: boolean): Promise<void> {
    if (!this.#canWrite) return;
    const { times, shard } = this.#own;
    const newest = await this.#read(shard);
    times.fill(isRight ? this.#startedAt : -this.#startedAt, from, to);
    if (newest !== undefined) replaceOlder(times, newest); // and damage that a later run found
    await this.#write();
  }

  /** Returns what the notes of all shards say; undefined if there are none. */
  coverage(): VerifyCoverage | undefined {
    const times = this.#ofAllShards();
    const noted = [this.#own, ...this.#others];
    if (!this.#canWrite && noted.every((one) => one.times.every((at) => at === 0))) {
      return undefined;
    }
    const unread = times.filter((at) => at === 0).length / POSITIONS;
    const damaged = times.filter((at) => at < 0).length / POSITIONS;
    const since = times.reduce(older, Infinity);
    return { ...since > 0 && { since: new Date(since) }, unread, damaged };
  }

  #ofAllShards(): Times {
    const times = new Float64Array(POSITIONS);
    const noted = [this.#own, ...this.#others];
    for (const [count, its] of Map.groupBy(noted, ({ shard }) => shard.count)) {
      if (its.length === count) replaceOlder(times, oldestOf(its));
    }
    return times;
  }

  async #read(shard: Readonly<Shard>): Promise<Times | undefined> {
    return await this.#attempt("read", () => readTimes(this.#context, shard, this.#signal));
  }

  async #write(): Promise<boolean | undefined> {
    const { shard, times } = this.#own;
    const note = { registry: this.#context.id, ...shard, read: runsOf(times) };
    return await this.#attempt("write", async () => {
      await this.#context.notes.write(readingsKey(shard), note, { signal: this.#signal });
      return true;
    });
  }

  /** Returns undefined, with a warning, if the store refuses. */
  async #attempt<T>(verb: string, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (!isRegistryError(error)) throw error;
      this.#context.logger.warn(
        `verify: cannot ${verb} the note of what was read: ${error.message}`,
      );
    }
  }
}

/** Returns the older one of two times. */
function older(one: number, other: number): number {
  return Math.min(Math.abs(one), Math.abs(other));
}

/** Replaces the times that are older than others. */
function replaceOlder(times: Times, others: Times): void {
  others.forEach((at, position) => {
    if (Math.abs(at) > Math.abs(times[position]!)) times[position] = at;
  });
}

/** Returns when all shards had read each position; negative where one found damage. */
function oldestOf(shards: readonly NotedShard[]): Times {
  return new Float64Array(POSITIONS).map((_, position) => {
    const its = shards.map(({ times }) => times[position]!);
    const at = its.reduce(older, Infinity);
    return its.some((at) => at < 0) ? -at : at;
  });
}

/** Reads a note; undefined if it is missing, damaged or foreign. Times of the future never were. */
async function readTimes(
  records: Records,
  shard: Readonly<Shard>,
  signal?: AbortSignal,
): Promise<Times | undefined> {
  const note = await records.notes.read(readingsKey(shard), { most: MAX_NOTE_BYTES, signal });
  const { registry, index, count, read } = (note?.value ?? {}) as Record<string, unknown>;
  if (registry !== records.id || index !== shard.index || count !== shard.count) return undefined;
  const times = new Float64Array(POSITIONS);
  const now = records.system.now();
  let from = 0;
  for (const run of Array.isArray(read) ? read : []) {
    const [to, at] = Array.isArray(run) ? run : [];
    if (!Number.isSafeInteger(at) || !(to > from && to <= POSITIONS)) return undefined;
    times.fill(Math.abs(at) > now ? 0 : at, from, to);
    from = to;
  }
  return times;
}

/** Returns runs of equal times, as the position after each and its time. */
function runsOf(times: Times): [to: number, at: number][] {
  const runs: [number, number][] = [];
  times.forEach((at, position) => {
    const last = runs.at(-1);
    if (last?.[1] === at) last[0] = position + 1;
    else runs.push([position + 1, at]);
  });
  return runs;
}

/** Returns the key of the note of a shard. */
function readingsKey({ index, count }: Readonly<Shard>): string {
  return `${LAYOUT.READINGS}${index}-${count}`;
}

/** Parses the key of a note of `verify`; undefined for others. */
function parseReadingsKey(key: string): Shard | undefined {
  const [, index, count] = /^(\d{1,15})-(\d{1,15})$/.exec(key.slice(LAYOUT.READINGS.length)) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  return shard.index < shard.count && readingsKey(shard) === key ? shard : undefined;
}

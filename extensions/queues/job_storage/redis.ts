// Stored jobs on Redis or Valkey: a JSON string for each, and a sorted set of their ids by the time
// of their addition.
import { notListed } from "../checks/queue_checks.ts";
import type { QueuedJob } from "../queue.ts";
import type { JobStorage } from "./contract.ts";
import type { System } from "../../../mod.ts";
import { openRedis, type RedisCommand } from "../redis.ts";

interface RedisJobStorageOptions {
  name: string;
  /** The time for which a job is kept after its last change, milliseconds. */
  keepMs: number;
  system: Pick<System, "now">;
}

const READ_AT_ONCE = 200;

export async function openRedisJobStorage(
  url: string,
  options: RedisJobStorageOptions,
): Promise<JobStorage> {
  const { name, keepMs, system } = options;
  const redis = await openRedis(url, { what: "the storage of jobs" });
  const index = `holdfast:jobs:${name}`;
  const keyOf = (id: string) => `${index}:${id}`;
  return {
    kind: "redis",
    location: redis.location,
    async put(job, sent) {
      await redis.sendAll([
        ["SET", keyOf(job.id), JSON.stringify(job), "PX", keepMs],
        ["ZADD", index, job.addedAt.getTime(), job.id],
        ["ZREMRANGEBYSCORE", index, "-inf", `(${system.now() - MOST_MS}`],
      ], sent);
    },
    get: async (id, sent) => parseJob(await redis.send(["GET", keyOf(id)], sent)),
    async list({ group, state, after, limit = Infinity, signal } = {}) {
      const jobs: QueuedJob[] = [];
      const rank = after === undefined
        ? -1
        : await redis.send(["ZREVRANK", index, after], { signal }) as number | null;
      if (rank === null) throw notListed(after!);
      for (let from = rank + 1; jobs.length < limit; from += READ_AT_ONCE) {
        const page: RedisCommand = ["ZREVRANGE", index, from, from + READ_AT_ONCE - 1];
        const ids = await redis.send(page, { signal }) as string[];
        if (ids.length === 0) break;
        const texts = await redis.send(["MGET", ...ids.map(keyOf)], { signal }) as unknown[];
        for (const job of texts.map(parseJob)) {
          const fits = (group === undefined || job?.group === group) &&
            (state === undefined || job?.state === state);
          if (job !== undefined && fits && jobs.length < limit) jobs.push(job);
        }
      }
      return jobs;
    },
    async remove(id, sent) {
      const [removed] = await redis.sendAll([["DEL", keyOf(id)], ["ZREM", index, id]], sent);
      return removed === 1;
    },
    [Symbol.asyncDispose]() {
      redis.close();
      return Promise.resolve();
    },
  };
}

/** The age after which ids are no longer listed. */
const MOST_MS = 366 * 24 * 3_600_000;

/** Parses a stored job; undefined for anything else. */
function parseJob(text: unknown): QueuedJob | undefined {
  try {
    const { addedAt, startedAt, endedAt, ...job } = JSON.parse(String(text));
    if (typeof job.id !== "string" || typeof job.state !== "string") return undefined;
    return {
      ...job,
      addedAt: new Date(addedAt),
      ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt) }),
      ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt) }),
    };
  } catch {
    return undefined;
  }
}

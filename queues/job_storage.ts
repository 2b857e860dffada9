/**
 * What keeps what became of jobs, by its URL. Importing this downloads no package: the client of Redis is imported when
 * it is used.
 *
 * @module
 */
import { fault } from "../core/errors.ts";
import type { JobStorage } from "./job_storage/contract.ts";
import { realSystem, type System } from "../core/system.ts";
import { loadPart } from "../core/urls/load_part.ts";
import { createMemoryJobStorage } from "./job_storage/memory.ts";

export type { JobStorage } from "./job_storage/contract.ts";
export { createMemoryJobStorage } from "./job_storage/memory.ts";
export type { MemoryJobStorageOptions } from "./job_storage/memory.ts";

/** Options of {@linkcode openJobStorage}. */
export interface OpenJobStorageOptions {
  /** On a server, a job is kept for so long after something became of it, milliseconds. @default 2592000000 (30 days) */
  keepMs?: number;
  system?: Pick<System, "now">;
}

interface RedisPart {
  openRedisJobStorage(
    url: string,
    options: { name: string; keepMs: number; system: Pick<System, "now"> },
  ): Promise<JobStorage>;
}

const KEPT_MS = 30 * 24 * 3_600_000;

/**
 * Opens the storage that a URL names: `redis://host:6379/0`, `rediss://…`, or `memory:`. `?jobs=name` may follow, else it
 * is called `holdfast`.
 *
 * @throws {RegistryError} `Invalid` for what is no URL of a storage; `Unavailable` where no server answers, `Denied`
 * where it refuses
 */
export async function openJobStorage(
  url: string,
  options: OpenJobStorageOptions = {},
): Promise<JobStorage> {
  const { keepMs = KEPT_MS, system = realSystem } = options;
  if (/^memory:/i.test(url)) return createMemoryJobStorage();
  if (!URL.canParse(url) || !/^rediss?:\/\//i.test(url)) {
    throw fault({
      code: "Invalid",
      action: "open a storage of jobs",
      state: "this is no URL of one",
      hint: "There is memory: and redis://host:6379, with ?jobs=NAME for one of its own.",
    });
  }
  const server = new URL(url);
  const name = server.searchParams.get("jobs") ?? "holdfast";
  server.searchParams.delete("jobs");
  const { openRedisJobStorage } = await loadPart<RedisPart>(
    "./job_storage/redis.ts",
    import.meta.url,
  );
  return await openRedisJobStorage(server.href, { name, keepMs, system });
}

/**
 * Storages of finished jobs, by URL. Importing this downloads no package: the client of Redis is
 * imported when it is used.
 *
 * @module
 */
import type { System } from "../../mod.ts";
import { checkDurations, fault, loadPart, realSystem } from "../../core/kernel.ts";
import type { JobStorage } from "./job_storage/contract.ts";
import { createMemoryJobStorage } from "./job_storage/memory.ts";

export type { JobStorage } from "./job_storage/contract.ts";

/** Options of {@linkcode openJobStorage}. */
export interface OpenJobStorageOptions {
  /**
   * The time for which a server keeps a job after its last change. @default 2592000000 (30 days)
   */
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
 * Opens a storage by its URL: `redis://host:6379/0`, `rediss://…`, or `memory:`. `?jobs=name` names
 * it, by default `holdfast`.
 *
 * @throws {RegistryError} `Invalid` for another URL; `Unavailable` if the server does not answer,
 * `Denied` without permission
 */
export async function openJobStorage(
  url: string,
  options: OpenJobStorageOptions = {},
): Promise<JobStorage> {
  checkDurations("open a storage of jobs", options, ["keepMs"]);
  const { keepMs = KEPT_MS, system = realSystem } = options;
  if (/^memory:/i.test(url)) return createMemoryJobStorage();
  if (!URL.canParse(url) || !/^rediss?:\/\//i.test(url)) {
    const hint = "Use memory: or redis://host:6379, with ?jobs=NAME for a separate storage.";
    throw fault({ code: "Invalid", action: "open a storage of jobs", state: "invalid URL", hint });
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

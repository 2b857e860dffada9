// Looking at a cache, and emptying it.
import type { Backend } from "../../core/backend.ts";
import type { CacheOptions, ClearCacheReport, SignalOptions } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import { FILES, listCached, RECORDS, recordsOf, USES } from "./entry_keys.ts";

/** Options of `clearCache`. */
export interface ClearCacheOptions extends SignalOptions, Pick<CacheOptions, "path" | "backend"> {
  /** Only the records of this registry, by its id. Files belong to all registries and stay. @default everything */
  registryId?: string;
  /** The environment that says where the cache is. @default the real one */
  system?: System;
}

/** Options of `inspectCache`. */
export interface InspectCacheOptions extends SignalOptions, Pick<CacheOptions, "path"> {
  /** The environment that says where the cache is. @default the real one */
  system?: System;
}

/** What a cache on this machine holds. */
export interface CacheReport {
  /** Its folder; absent where none may be used. */
  path?: string;
  problem?: string;
  files: number;
  bytes: number;
}

/** Removes what a cache holds, and nothing else that may lie there. Programs that use it go on, and fill it again. */
export async function clearEntries(
  backend: Backend,
  { registryId, signal }: Pick<ClearCacheOptions, "registryId" | "signal">,
): Promise<ClearCacheReport> {
  const report: ClearCacheReport = { files: 0, bytes: 0 };
  const entries = registryId === undefined ? [FILES, RECORDS] : [recordsOf(registryId)];
  for (const folder of entries) await remove(folder, report);
  if (registryId === undefined) await remove(USES);
  return report;

  async function remove(folder: string, counted?: ClearCacheReport): Promise<void> {
    for await (const entry of listCached(backend, folder, { signal })) {
      await backend.delete(entry.key, { signal });
      if (counted === undefined) continue;
      counted.files++;
      counted.bytes += entry.size;
    }
  }
}

export async function measureEntries(
  backend: Backend,
  { signal }: SignalOptions,
): Promise<ClearCacheReport> {
  const report: ClearCacheReport = { files: 0, bytes: 0 };
  for (const folder of [FILES, RECORDS]) {
    for await (const { size } of listCached(backend, folder, { signal })) {
      report.files++;
      report.bytes += size;
    }
  }
  return report;
}

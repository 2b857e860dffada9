/**
 * Engines, which run the steps of a pipeline elsewhere: in processes of this machine, in workers of
 * a queue on Redis or PostgreSQL, or on Slurm. Importing this downloads no package.
 *
 * @module
 */
import { invalid } from "../../core/errors.ts";
import type { Engine } from "../../core/engine.ts";
import type { JobQueue } from "../../core/queue.ts";
import type { System } from "../../core/system.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import { createLocalEngine } from "./local.ts";
import { createQueueEngine } from "./queue.ts";
import { createSlurmEngine } from "./slurm.ts";

export type * from "../../core/engine.ts";
export { createQueueEngine, createStepHandler } from "./queue.ts";
export type { QueuedStep, StepCommand } from "./step_processes.ts";

/**
 * Opens an engine by URL: `local:`, `redis://host:6379`, `rediss://…`,
 * `postgres://user@host/database`, or `slurm:`, optionally with arguments of `sbatch`:
 * `slurm:?partition=gpu`.
 *
 * @throws {RegistryError} `Invalid` for an invalid URL; `Unavailable` if its server does not answer
 *
 * @example
 * ```ts
 * import { openEngine } from "@holdfast/holdfast/operators";
 * import { assertEquals } from "@std/assert";
 *
 * await using engine = await openEngine("local:"); // or "redis://127.0.0.1:6379", "slurm:"
 * assertEquals((await engine.poll(["never-submitted"]))[0]?.state, "lost");
 * ```
 */
export async function openEngine(url: string, options: { system?: System } = {}): Promise<Engine> {
  const { system } = options;
  const scheme = /^([a-z][a-z0-9+.-]*)(:|$)/i.exec(url)?.[1]?.toLowerCase() ?? "";
  if (scheme === "slurm") return openSlurm(url, options);
  if (scheme === "local" && /^local:?$/i.test(url)) return createLocalEngine({ system });
  if (["redis", "rediss", "postgres", "postgresql"].includes(scheme)) {
    const { openQueue } = await loadPart<Queues>("../../queues/mod.ts", import.meta.url);
    return createQueueEngine(await openQueue(url, { system }));
  }
  const isUrl = scheme !== "" && url.includes(":");
  const subject = isUrl ? `"${scheme}:"` : undefined;
  throw invalid("open engine", subject, isUrl ? "unknown scheme" : "it has no URL scheme", {
    hint: "Use local, slurm, redis, rediss or postgres, as in local: or redis://127.0.0.1:6379.",
  });
}

function openSlurm(url: string, { system }: { system?: System }): Engine {
  const [match, parameters] = /^slurm:?(?:\?(.*))?$/i.exec(url) ?? [];
  const pairs = [...new URLSearchParams(parameters)];
  if (match !== undefined && pairs.every(([name]) => /^[a-z][a-z-]*$/.test(name))) {
    return createSlurmEngine({
      arguments: pairs.map(([name, value]) => `--${name}=${value}`),
      system,
    });
  }
  throw invalid("open Slurm", undefined, "invalid arguments of sbatch after slurm:", {
    hint: "Use slurm: alone, or slurm:?partition=gpu&account=me.",
  });
}

interface Queues {
  openQueue(url: string, options: { system?: System }): Promise<JobQueue>;
}

/**
 * Engines, which run the steps of a pipeline elsewhere: in processes of this machine, in workers of
 * a queue on Redis or PostgreSQL, or on Slurm. Importing this downloads no package.
 *
 * @module
 */
import type { System } from "../../mod.ts";
import { createLookup, didYouMean, invalid } from "../../core/kernel.ts";
import type { Engine, EngineDriver } from "../contract/engine.ts";
import type { Lookup } from "../../backends/mod.ts";
import { localDriver } from "./local.ts";
import { queueDriver } from "./queue.ts";
import { slurmDriver } from "./slurm.ts";

export type * from "../contract/engine.ts";
export { createQueueEngine, createStepHandler } from "./queue.ts";
export type { QueuedStep, StepCommand } from "./step_processes.ts";

/**
 * Creates the URL schemes of {@linkcode openEngine}. Register your own with a driver that opens an
 * engine.
 */
export function createEngines(): Lookup<EngineDriver> {
  return createLookup<EngineDriver>("engine", {
    local: localDriver,
    slurm: slurmDriver,
    redis: queueDriver,
    rediss: queueDriver,
    postgres: queueDriver,
    postgresql: queueDriver,
  });
}

/**
 * Opens an engine by URL: `local:`, `redis://host:6379`, `rediss://…`,
 * `postgres://user@host/database`, or `slurm:`, optionally with arguments of `sbatch`:
 * `slurm:?partition=gpu`.
 *
 * @param options `engines`: the known schemes. @default `createEngines()`
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
export async function openEngine(
  url: string,
  { engines, system }: { engines?: Lookup<EngineDriver>; system?: System } = {},
): Promise<Engine> {
  return await findEngine(url, engines).open(url, { system });
}

/** Returns the driver of a URL. Throws `Invalid` for an unknown scheme. */
export function findEngine(
  url: string,
  engines: Pick<Lookup<EngineDriver>, "find" | "names"> = createEngines(),
): EngineDriver {
  const scheme = /^([a-z][a-z0-9+.-]*)(:|$)/i.exec(url)?.[1]?.toLowerCase();
  const driver = scheme === undefined ? undefined : engines.find(scheme);
  if (driver !== undefined) return driver;
  const isUrl = scheme !== undefined && url.includes(":");
  const [subject, state] = isUrl
    ? [`"${scheme}:"`, "unknown scheme"]
    : [undefined, "it has no URL scheme"];
  const suggestion = scheme === undefined ? "" : didYouMean(scheme, engines.names());
  throw invalid("open engine", subject, state, {
    hint: `${suggestion}Use one of ${engines.names().join(", ")}, as in local: or ` +
      "redis://127.0.0.1:6379.",
  });
}

/**
 * What carries the steps of a pipeline to where they are executed: processes of this machine, a queue of jobs on Redis or
 * PostgreSQL, or Slurm. Importing this downloads no package.
 *
 * @module
 */
import { fault } from "../../core/errors.ts";
import type { Engine } from "../../core/engine.ts";
import type { JobQueue } from "../../core/queue.ts";
import type { System } from "../../core/system.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import { createLocalEngine } from "./local.ts";
import { createQueueEngine } from "./queue.ts";
import { createSlurmEngine } from "./slurm.ts";

export type * from "../../core/engine.ts";
export { createLocalEngine } from "./local.ts";
export type { LocalEngineOptions } from "./local.ts";
export { createQueueEngine, createStepHandler } from "./queue.ts";
export type { QueuedStep, StepCommand, StepHandlerOptions } from "./queue.ts";
export { createSlurmEngine } from "./slurm.ts";
export type { SlurmEngineOptions } from "./slurm.ts";

/** Options of {@linkcode openEngine}. */
export interface OpenEngineOptions {
  /** Where `local:` notes its jobs, where the URL does not say. @default ".holdfast-runs/local" */
  folder?: string;
  system?: System;
}

/**
 * Opens the engine that a URL names: `local:` or `local:folder`, `redis://host:6379`, `rediss://…`,
 * `postgres://user@host/database`, or `slurm:`, after which arguments of `sbatch` may follow: `slurm:?partition=gpu`.
 *
 * @throws {RegistryError} `Invalid` for what is no URL of an engine; `Unavailable` where its server does not answer
 *
 * @example
 * ```ts
 * import { openEngine } from "@holdfast/holdfast/operators/engines";
 * import { assertEquals } from "@std/assert";
 *
 * await using engine = await openEngine("local:"); // or "redis://127.0.0.1:6379", "slurm:"
 * assertEquals((await engine.poll(["never-submitted"]))[0].state, "lost");
 * ```
 */
export async function openEngine(url: string, options: OpenEngineOptions = {}): Promise<Engine> {
  const { folder = ".holdfast-runs/local", system } = options;
  const scheme = /^([a-z][a-z0-9+.-]*)(:|$)/i.exec(url)?.[1].toLowerCase() ?? "";
  if (scheme === "slurm") return openSlurm(url, options);
  if (scheme === "local") {
    return createLocalEngine({ folder: url.replace(/^local:?/i, "") || folder, system });
  }
  if (["redis", "rediss", "postgres", "postgresql"].includes(scheme)) {
    const { openQueue } = await loadPart<Queues>("../../queues/mod.ts", import.meta.url);
    return createQueueEngine(await openQueue(url, { system }));
  }
  throw fault({
    code: "Invalid",
    action: "open engine",
    ...(scheme === "" || !url.includes(":")
      ? { state: "this is no URL of one" }
      : { subject: `"${scheme}:"`, state: "there is no such scheme" }),
    hint: "There is local, slurm, redis, rediss, postgres, as in local: or redis://127.0.0.1:6379.",
  });
}

function openSlurm(url: string, { system }: OpenEngineOptions): Engine {
  const [, parameters = ""] = /^slurm:?(?:\?(.*))?$/i.exec(url) ?? [url, undefined];
  const pairs = [...new URLSearchParams(parameters)];
  const isWrong = !/^slurm:?(\?.*)?$/i.test(url) ||
    pairs.some(([name]) => !/^[a-z][a-z-]*$/.test(name));
  if (!isWrong) {
    return createSlurmEngine({
      arguments: pairs.map(([name, value]) => `--${name}=${value}`),
      system,
    });
  }
  throw fault({
    code: "Invalid",
    action: "open Slurm",
    state: "what follows slurm: is no list of arguments of sbatch",
    hint:
      "Write slurm: alone, or slurm:?partition=gpu&account=me. Its own configuration says where it is.",
  });
}

interface Queues {
  openQueue(url: string, options: { system?: System }): Promise<JobQueue>;
}

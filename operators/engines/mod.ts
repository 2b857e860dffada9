/**
 * What carries the steps of a pipeline to where they are executed: processes of this machine, a queue of jobs on Redis or
 * PostgreSQL, or Slurm. Importing this downloads no package.
 *
 * @module
 */
import { fault, RegistryError } from "../../core/errors.ts";
import { createLookup } from "../../core/lookup.ts";
import type { Lookup } from "../../core/lookup.ts";
import type { Engine } from "../../core/pipelines/engine.ts";
import type { JobQueue } from "../../core/services/queue.ts";
import type { System } from "../../core/system.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import { createLocalEngine } from "./local.ts";
import { createQueueEngine } from "./queue.ts";
import { createSlurmEngine } from "./slurm.ts";

export type * from "../../core/pipelines/engine.ts";
export type * from "../../core/services/queue.ts";
export type { Shard } from "../../core/pipelines/operator.ts";
export type { Resources } from "../../core/pipelines/pipeline.ts";
export type { Lookup } from "../../core/lookup.ts";
export type { SignalOptions } from "../../core/registry.ts";
export type { System } from "../../core/system.ts";
export type { PlainValue } from "../../core/text/plain_value.ts";
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
  /** The schemes. @default `createEngines()` */
  engines?: Lookup<EngineOpener>;
  system?: System;
}

/** Opens the engines of one scheme. */
export type EngineOpener = (url: string, options: OpenEngineOptions) => Engine | Promise<Engine>;

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
  const { engines = createEngines() } = options;
  url = String(url ?? "");
  const scheme = /^([a-z][a-z0-9+.-]*)(:|$)/i.exec(url)?.[1].toLowerCase() ?? "";
  if (engines.has(scheme)) return await engines.get(scheme)(url, options);
  throw new RegistryError({
    code: "Invalid",
    message: scheme === "" || !url.includes(":")
      ? "Cannot open an engine: this is no URL of one"
      : `Cannot open an engine by a URL of scheme ${scheme}: there is no such scheme`,
    hint: `There is ${engines.names().join(", ")}, as in local: or redis://127.0.0.1:6379.`,
  });
}

/** The schemes that {@linkcode openEngine} knows. Register others with what opens their engines. */
export function createEngines(): Lookup<EngineOpener> {
  const engines = createLookup<EngineOpener>("engine", { local: openLocal, slurm: openSlurm });
  for (const scheme of ["redis", "rediss", "postgres", "postgresql"]) {
    engines.register(scheme, openOnQueue);
  }
  return engines;
}

function openLocal(
  url: string,
  { folder = ".holdfast-runs/local", system }: OpenEngineOptions,
): Engine {
  return createLocalEngine({ folder: url.replace(/^local:?/i, "") || folder, system });
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

async function openOnQueue(url: string, { system }: OpenEngineOptions): Promise<Engine> {
  const { openQueue } = await loadPart<Queues>("../../queues/mod.ts", import.meta.url);
  return createQueueEngine(await openQueue(url, { system }));
}

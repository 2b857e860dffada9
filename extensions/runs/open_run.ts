// Operations on runs: in the store that is open here, or by the service.
import type { SignalOptions } from "../../registry/mod.ts";
import { checkNewName, realSystem, silentLogger } from "../../core/kernel.ts";
import type { Registry, SavedArtifact } from "../../mod.ts";
import type {
  FinishStoredRunOptions,
  LoggedRun,
  LoggedRunPage,
  OpenRunOptions,
  ReadRunOptions,
  ReadRunsOptions,
  RunChange,
  RunName,
} from "../../core/registry/run.ts";
import type { Run } from "./run.ts";
import { knownRecords, recordsOf } from "../../registry/records.ts";
import { beginRun } from "./begin_run.ts";
import { finishStoredRun } from "./finish_run.ts";
import { OpenedRun } from "./opened_run.ts";
import { checkFacts } from "./check_facts.ts";
import { updateStoredRun } from "./run_facts.ts";
import { draftIdOf } from "./run_parts.ts";
import { storedRunIds } from "./listed_runs.ts";
import { listStoredRuns, readStoredRun } from "./stored_run.ts";

export async function openRunHere(
  registry: Registry,
  name: string,
  { id: asked, ...options }: OpenRunOptions,
): Promise<Run> {
  checkNewName(name);
  const context = knownRecords(registry);
  const { system = realSystem, logger = silentLogger } = context ?? {};
  const run = { name, id: asked ?? system.id() };
  checkFacts(run, options);
  const draft = await registry.openDraft(name, { id: draftIdOf(run) });
  const writer = await registry.service?.beginRun?.(run, options) ??
    await beginRun(recordsOf(registry, "open a run"), run, options);
  return new OpenedRun(run, {
    registry,
    draft,
    writer,
    system,
    logger,
    finish: (options) => finishRunHere(registry, run, options),
    update: (change) => updateRunHere(registry, run, change),
  });
}

export async function updateRunHere(
  registry: Registry,
  run: RunName,
  change: RunChange,
): Promise<void> {
  checkFacts(run, change);
  const { service } = registry;
  if (service?.updateRun !== undefined) return await service.updateRun(run, change);
  await updateStoredRun(recordsOf(registry, "update a run"), run, change);
}

export async function discardRunHere(
  registry: Registry,
  run: RunName,
  options: SignalOptions,
): Promise<boolean> {
  const { service } = registry;
  if (service?.discardRun !== undefined) return await service.discardRun(run, options);
  recordsOf(registry, "discard a run");
  const draft = await registry.openDraft(run.name, { id: draftIdOf(run) });
  return await draft.discard(options);
}

export async function* runsHere(
  registry: Registry,
  { names = () => true, ...options }: ReadRunsOptions,
): AsyncGenerator<LoggedRun> {
  const listed = registry.service?.runs?.(options);
  if (listed === undefined) {
    return yield* listStoredRuns(recordsOf(registry, "list runs"), { names, ...options });
  }
  for await (const run of listed) if (names(run.name)) yield run;
}

/** Yields the ids of the runs of a name, also of some that have ended, without reading them. */
export async function* runIdsHere(registry: Registry, name: string): AsyncGenerator<string> {
  const listed = registry.service?.runs?.({ name });
  if (listed === undefined) return yield* storedRunIds(recordsOf(registry, "list runs"), name);
  for await (const { id } of listed) yield id;
}

export async function readRunHere(
  registry: Registry,
  run: RunName,
  options: ReadRunOptions,
): Promise<LoggedRunPage> {
  return await registry.service?.readRun?.(run, options) ??
    await readStoredRun(recordsOf(registry, "read a run"), run, options);
}

export async function finishRunHere(
  registry: Registry,
  run: RunName,
  options: FinishStoredRunOptions,
): Promise<SavedArtifact> {
  const { service } = registry;
  if (service?.finishRun !== undefined) return await service.finishRun(run, options);
  const context = recordsOf(registry, "finish a run");
  const draft = await registry.openDraft(run.name, { id: draftIdOf(run) });
  return await finishStoredRun(context, { ...run, draft }, options);
}

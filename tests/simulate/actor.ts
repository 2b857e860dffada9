// An actor: a simulated process that uses a registry, one call after the other.
import type { Artifact } from "../../core/artifact.ts";
import type { Registry, SavedArtifact, SaveOptions } from "../../core/registry.ts";
import { type Bundle, type BundleFile, readFile, type Reading } from "./bundle.ts";
import { inputsOf } from "./checks/check_lineage.ts";
import type { Labels } from "./checks/labels.ts";
import type { LoggedOperation, OperationLog, Outcome, Request } from "./operation_log.ts";
import type { SimulatedProcess, SimulatedSystem } from "./simulated_system.ts";
import type { Site } from "./stores/site.ts";
import type { Fault, StoreCall } from "./with_faults.ts";
import { createAskVerbs, createMaintenanceVerbs } from "./verbs/maintenance.ts";
import type { AskVerbs, MaintenanceVerbs } from "./verbs/maintenance.ts";
import { createManyVerbs, type ManyVerbs } from "./verbs/many.ts";
import { createTransferVerbs, createUploadVerbs } from "./verbs/transfer.ts";
import type { TransferVerbs, UploadVerbs } from "./verbs/transfer.ts";
import type { CallPause } from "./with_process.ts";

/** The faults of an actor; a schedule may change them at any time. */
export interface ActorPlan {
  fault?: (call: StoreCall) => Fault | undefined;
  pause?: (call: StoreCall) => CallPause | undefined;
}

export interface Actor extends AskVerbs, ManyVerbs, MaintenanceVerbs, TransferVerbs, UploadVerbs {
  readonly process: SimulatedProcess;
  readonly site: string;
  readonly registry: Registry;
  readonly plan: ActorPlan;
  readonly reading: Reading;
  live(work: () => Promise<void>): Promise<void>;
  rest(ms: number): Promise<void>;
  /** Saves. Returns the result, or undefined. */
  save(
    name: string,
    value: Bundle,
    options?: SaveOptions & AbortAfter,
  ): Promise<SavedArtifact | undefined>;
  delete(
    name: string,
    version: string,
    options?: { ifCommit?: string; force?: boolean },
  ): Promise<void>;
  undelete(name: string, version: string): Promise<void>;
  setAlias(name: string, alias: string, version: string, expected?: string | null): Promise<void>;
  deleteAlias(name: string, alias: string): Promise<void>;
  load(name: string, ref: string, restMs?: number): Promise<void>;
  open(name: string, ref: string, restMs?: number): Promise<void>;
  /** Finds the version of a ref in the store, and loads it by its number. */
  loadFound(name: string, ref: string): Promise<void>;
  versions(name: string): Promise<void>;
}

export interface VerbParts extends ActorParts {
  call(request: Request, work: (operation: LoggedOperation) => Promise<Outcome>): Promise<Outcome>;
}

export interface AbortAfter {
  /** Abort after this time, milliseconds. */
  abortAfterMs?: number;
}

export interface ActorParts {
  process: SimulatedProcess;
  registry: Registry;
  reading: Reading;
  plan: ActorPlan;
  log: OperationLog;
  system: SimulatedSystem;
  labels: Labels;
  site: Site;
  skewMs: number;
  cached: boolean;
  enter(operation: LoggedOperation | undefined): void;
}

export function createActor(parts: ActorParts): Actor {
  const { process, registry, reading, plan, log, system, labels, site, skewMs, cached, enter } =
    parts;

  async function call(
    request: Request,
    work: (operation: LoggedOperation) => Promise<Outcome>,
  ): Promise<Outcome> {
    const undisturbed = plan.fault === undefined && plan.pause === undefined && !site.disturbs;
    const operation = log.begin(request, {
      actor: process.name,
      site: site.name,
      undisturbed,
      skewMs,
      cached,
    });
    enter(operation);
    let outcome: Outcome;
    try {
      outcome = await work(operation);
    } catch (error) {
      outcome = { ok: false, error };
    }
    enter(undefined);
    log.end(operation, outcome);
    return outcome;
  }

  const refOf = (name: string, ref: string) => ref === "latest" ? name : `${name}@${ref}`;

  const verbs = { ...parts, call };

  return {
    ...createAskVerbs(verbs),
    ...createManyVerbs(verbs),
    ...createMaintenanceVerbs(verbs),
    ...createTransferVerbs(verbs),
    ...createUploadVerbs(verbs),
    process,
    site: site.name,
    registry,
    plan,
    reading,
    live: (work) => Promise.race([work(), process.death]),
    rest: (ms) => process.system.sleep(ms),

    async save(name, value, { abortAfterMs, ...given } = {}) {
      const options = { ...inputsOf(name, value), ...given };
      labels.learn(value);
      const outcome = await call({ verb: "save", name, value, options }, async (operation) => {
        if (abortAfterMs === undefined) {
          return { ok: true, saved: await registry.save(name, value, options) };
        }
        const controller = new AbortController();
        const abort = () => {
          operation.aborted = operation.outcome === undefined;
          controller.abort();
        };
        system.scheduler.at(system.now() + abortAfterMs, abort, process);
        return {
          ok: true,
          saved: await registry.save(name, value, { ...options, signal: controller.signal }),
        };
      });
      return outcome.ok && "saved" in outcome ? outcome.saved : undefined;
    },

    async delete(name, version, { ifCommit, force = false } = {}) {
      await call({ verb: "delete", name, version, ifCommit, force }, async () => {
        return { ok: true, done: await registry.delete(`${name}@${version}`, { ifCommit, force }) };
      });
    },

    async undelete(name, version) {
      await call({ verb: "undelete", name, version }, async () => {
        return { ok: true, saved: await registry.undelete(`${name}@${version}`) };
      });
    },

    async setAlias(name, alias, version, expected) {
      await call({ verb: "setAlias", name, alias, version, expected }, async () => {
        await registry.setAlias(name, alias, version, { expected });
        return { ok: true, done: true };
      });
    },

    async deleteAlias(name, alias) {
      await call({ verb: "deleteAlias", name, alias }, async () => {
        return { ok: true, done: await registry.deleteAlias(name, alias) };
      });
    },

    async load(name, ref, restMs = 0) {
      await call({ verb: "load", name, ref }, async () => {
        reading.restMs = restMs;
        const value = await registry.load(refOf(name, ref)) as Bundle;
        return { ok: true, read: { label: value.label } };
      });
    },

    async open(name, ref, restMs = 0) {
      await call({ verb: "open", name, ref }, async () => {
        const artifact: Artifact = await registry.open(refOf(name, ref));
        await process.system.sleep(restMs);
        const files: BundleFile[] = [];
        for (const file of artifact.files()) {
          files.push(readFile(file.info.path, await file.bytes()));
        }
        const { commit, version } = artifact.info;
        return { ok: true, read: { label: labelOf(files), commit, version } };
      });
    },

    async loadFound(name, ref) {
      await call({ verb: "load", name, ref }, async () => {
        const { version } = await registry.info(refOf(name, ref));
        const value = await registry.load(`${name}@${version}`) as Bundle;
        return { ok: true, read: { label: value.label } };
      });
    },

    async versions(name) {
      await call({ verb: "versions", name }, async () => {
        const versions: string[] = [];
        for await (const { version } of registry.versions(name)) versions.push(version);
        return { ok: true, versions };
      });
    },
  };
}

function labelOf(files: readonly BundleFile[]): string {
  return files.map(({ path, label }) => `${path}=${label}`).join(" ");
}

// Changes runs. What is logged to a run that goes on is a part of its draft once the answer is sent,
// so nothing is lost if the service is killed. A run that has ended is a version, which never
// changes: a change makes the next version, with the files of the one before.
import { Buffer } from "node:buffer";
import type { Registry, System } from "../../../mod.ts";
import {
  conflict,
  createLanes,
  isJsonObject,
  isRegistryError,
  keepNewest,
  orMissing,
} from "../../../core/kernel.ts";
import { finishRun, openRun, type Run, updateRun } from "../../runs/mod.ts";
import { checkFacts, openRunFiles } from "../../runs/look_at_run.ts";
import type { Access, ReadablePages } from "../../../apps/gateways.ts";
import { passThrough, sentBy } from "../../../apps/server/extending.ts";
import {
  amended,
  checkParams,
  checkRemoved,
  contentWith,
  otherParam,
  type RunChange,
} from "./amend.ts";
import { OWN_FOLDER } from "./artifacts.ts";
import { deleteRun, restoreRun } from "./delete_run.ts";
import { wrong } from "./errors.ts";
import {
  type EndedRun,
  type FoundRun,
  idOfGeneration,
  type OpenRun,
  saveKeyOf,
} from "../../runs/mlflow/find_run.ts";
import { hasRunId, runIdOf, type RunKey } from "../../runs/mlflow/ids.ts";
import {
  mayHave,
  newestFiles,
  newestIn,
  partOf,
  TAKEN_OVER,
  takeOver,
} from "../../runs/mlflow/file_parts.ts";
import { pointsOf } from "../../runs/mlflow/points.ts";
import type { RunStore } from "./run_store.ts";
import { curveOf, metadataOf, readVersion, type RunTimes } from "../../runs/mlflow/stored_run.ts";
import { hasEnded, type StoredRun, tagsOf } from "../../runs/mlflow/stored_run.ts";

/** Runs to which this process is a writer. */
const MOST_WRITERS = 1000;
/** Tries of a change while other services change the same run. */
const MOST_TRIES = 10;

type RunOfDraft = Pick<OpenRun, "key" | "id">;
type RecentRun = RunOfDraft & Pick<OpenRun, "untilMs"> & Pick<StoredRun, "token" | "startedMs">;

/** Returns whether a change adds nothing but points. */
function addsPoints({ params, tags, times, files }: RunChange): boolean {
  return !params?.size && !tags?.size && !files?.length && times === undefined;
}

export class RunChanges {
  readonly #runs: RunStore;
  readonly #registry: Registry;
  readonly #system: System;
  readonly #inOrder = createLanes();
  readonly #writers = new Map<string, Promise<Run>>();
  /** Runs that take long to list, for as long as points are added to them without a list. */
  readonly #recent = new Map<string, RecentRun>();

  constructor(runs: RunStore, system: System) {
    this.#runs = runs;
    this.#registry = runs.registry;
    this.#system = system;
  }

  /**
   * Returns a new run of a name.
   *
   * @param kind prefix of its id
   */
  newKey(name: string, kind = ""): RunKey {
    const key = { name, id: kind + this.#system.id().replaceAll("-", "") };
    if (!hasRunId(key)) throw wrong(`The name of the experiment is too long for a run id`);
    return key;
  }

  /** Begins a run. */
  async begin(
    key: RunKey,
    { tags, times, access, params }: {
      tags: ReadonlyMap<string, string>;
      params?: ReadonlyMap<string, string>;
      times: RunTimes;
      access: Access;
    },
  ): Promise<void> {
    const facts = { ...Object.fromEntries(tags), ...tagsOf(times) };
    const given = params && Object.fromEntries(params);
    await this.#open(key, 1, { tags: facts, params: given, access });
  }

  async #open(
    key: RunKey,
    generation: number,
    { access, ...facts }: {
      params?: Record<string, string>;
      tags: Record<string, string | null>;
      access: Access;
    },
  ): Promise<void> {
    const id = idOfGeneration(key, generation);
    const { token, author } = access;
    const begin = () => openRun(this.#registry, key.name, { id, ...facts });
    // A token whose check names no author still owns its runs.
    const isNamed = token === undefined || author !== undefined;
    const opening = isNamed ? begin() : sentBy({ name: token, token }, begin);
    await this.#keepWriter(`${key.name}@${id}`, opening);
  }

  #keepWriter(writer: string, opening: Promise<Run>): Promise<Run> {
    this.#writers.set(writer, opening);
    opening.catch(() => this.#writers.delete(writer));
    keepNewest(this.#writers, MOST_WRITERS);
    return opening;
  }

  /** Changes a run. Throws `Denied` for a token that may not read the run of another. */
  async change(key: RunKey, change: RunChange, access: Access): Promise<void> {
    if (!addsPoints(change)) this.#recent.delete(runIdOf(key));
    else if (await this.#addPoints(key, change, access)) return;
    for (let tries = 1;; tries++) {
      const found = await this.#runs.find(key, access);
      try {
        if (found.state === "open" && !found.isEnding) {
          return await this.#changeOpen(found, change, access);
        }
        return await this.#inOrder(runIdOf(key), () => this.#changeEnded(key, change, access));
      } catch (error) {
        // It may have ended since it was found.
        if (tries === MOST_TRIES || !isRegistryError(error, "Conflict")) throw error;
        const now = await this.#runs.find(key, access);
        const isSame = now.state === found.state && now.generation === found.generation;
        if (isSame && !(now.state === "open" && now.isEnding)) throw error;
      }
    }
  }

  /** Adds points to a run that was found recently. Returns false if the run must be found again. */
  async #addPoints(key: RunKey, { metrics = [] }: RunChange, access: Access): Promise<boolean> {
    const recent = this.#recent.get(runIdOf(key));
    if (recent === undefined || this.#system.monotonic() >= recent.untilMs) return false;
    this.#runs.own(recent, access);
    try {
      await this.#log(recent, pointsOf(metrics, recent.startedMs));
      return true;
    } catch (error) {
      this.#recent.delete(runIdOf(key));
      if (!isRegistryError(error, "Conflict")) throw error;
      return false; // it has ended
    }
  }

  async #changeOpen(found: OpenRun, change: RunChange, access: Access): Promise<void> {
    const { key: { name }, id } = found;
    const run = this.#runs.own(await this.#runs.readOpen(found, access), access);
    const { metrics = [], params = new Map(), tags = new Map(), times, files = [] } = change;
    checkParams(run, params);
    checkRemoved(run, tags);
    // A refused change stores nothing.
    const points = pointsOf(metrics, run.startedMs);
    if (params.size + tags.size > 0 || times !== undefined) {
      checkSizes(id, amended(run, { params, tags, times, metrics: [] }));
    }
    for (const file of files) {
      const draft = await this.#registry.openDraft(name, { id: `run:${id}` });
      await draft.addPart(partOf(file.path, this.#system), [file]);
    }
    if (params.size > 0) {
      const changed = updateRun(this.#registry, name, { id, params: Object.fromEntries(params) });
      await changed.catch((error) => Promise.reject(otherParam(error)));
    }
    const set = { ...Object.fromEntries(tags), ...times && tagsOf({ ...run, ...times }) };
    if (Object.keys(set).length > 0) {
      await updateRun(this.#registry, name, { id, tags: set, replace: true });
    }
    if (points.length > 0) await this.#log(found, points);
    if (addsPoints(change) && this.#system.monotonic() < found.untilMs) {
      const { key, untilMs } = found, { token, startedMs } = run;
      this.#recent.set(runIdOf(key), { key, id, untilMs, token, startedMs });
      keepNewest(this.#recent, MOST_WRITERS);
    }
    if (times?.status !== undefined && hasEnded(times.status)) {
      await this.#inOrder(runIdOf(found.key), () => this.#finish(found, access));
    }
  }

  async #log(
    { key: { name }, id }: RunOfDraft,
    points: ReturnType<typeof pointsOf>,
  ): Promise<void> {
    const writer = `${name}@${id}`;
    const run = await (this.#writers.get(writer) ??
      this.#keepWriter(writer, openRun(this.#registry, name, { id })));
    try {
      for (const point of points) run.log(point);
      await run.flush();
    } catch (error) {
      this.#writers.delete(writer);
      throw error;
    }
  }

  /** Saves the version of a run. A repeat completes a save that was killed. */
  async #finish(found: OpenRun, access: Access): Promise<void> {
    const { key, id, before } = found;
    const { name } = key;
    const draft = await this.#registry.openDraft(name, { id: `run:${id}` });
    if (before !== undefined && !found.isEnding) {
      await takeOver(draft, { name, id }, await this.#runs.openVersion(before, access));
    }
    const newest = await newestIn(draft);
    const parts = newest.files.map(({ part }) => part);
    const { token: _, ...run } = await this.#runs.readOpen(found, access);
    if (parts.length === 0 && run.metrics.length === 0) {
      const part = "artifact-run";
      const content = Buffer.from(JSON.stringify({ run_id: runIdOf(key), status: run.status }));
      if (!found.isEnding) await draft.addPart(part, [{ path: `${OWN_FOLDER}run.json`, content }]);
      parts.push(part);
    }
    const as = { id: "folder", formatVersion: 1 };
    await finishRun(this.#registry, name, { id, parts, as, metadata: metadataOf(run) });
    this.#writers.delete(`${name}@${id}`);
    await this.#addLate({ key, id, access }, new Set([...newest.parts, ...parts]));
  }

  /** Adds artifacts that were sent after the parts of the version were listed, before it closed. */
  async #addLate(
    { key, id, access }: { key: RunKey; id: string; access: Access },
    listed: ReadonlySet<string>,
  ): Promise<void> {
    const isLate = (part: string) => mayHave(part) && !part.startsWith(TAKEN_OVER);
    const late = await openRunFiles(
      this.#registry,
      { name: key.name, id },
      (part) => isLate(part) && !listed.has(part),
    );
    const found = late.length === 0 ? undefined : await this.#runs.find(key, access);
    if (found?.state !== "ended") return;
    const files = newestFiles(late.map((file) => ({ ...file, path: file.info.path })))
      .map(({ path, info, stream }) => ({ path, content: { size: info.size, stream } }));
    const version = await this.#runs.openVersion(found, access);
    const run = await readVersion(version);
    await this.#amend(found, { version, run, change: { files } });
  }

  /** Changes a run that has ended, or whose version is being saved. */
  async #changeEnded(key: RunKey, change: RunChange, access: Access): Promise<void> {
    let found: FoundRun = await this.#runs.find(key, access);
    if (found.state === "open") {
      this.#runs.own(await this.#runs.readOpen(found, access), access);
      if (!found.isEnding) return await this.#changeOpen(found, change, access);
      await this.#finish(found, access);
      found = await this.#runs.find(key, access);
      if (found.state === "open") throw changedMeanwhile(key);
    }
    const version = await orMissing(this.#runs.openVersion(found, access));
    if (version === undefined) {
      await this.#runs.read(key, access); // which is `Denied` for the run of another
      throw isDeleted(key);
    }
    this.#runs.own({ key, token: version.info.by?.token }, access);
    const run = await readVersion(version);
    const { status } = change.times ?? {};
    if (status !== undefined && !hasEnded(status)) {
      return await this.#resume(found, run, { change, access });
    }
    await this.#amend(found, { version, run, change });
  }

  /** Opens a run again: its next version has what is logged from now on, too. */
  async #resume(
    { key, generation }: EndedRun,
    run: StoredRun,
    { change, access }: { change: RunChange; access: Access },
  ): Promise<void> {
    const times = { ...run, endedMs: undefined, ...change.times };
    const tags = { ...Object.fromEntries(run.tags), ...tagsOf(times) };
    const params = Object.fromEntries(run.params);
    await this.#open(key, generation + 1, { params, tags, access });
    const { times: _, ...rest } = change;
    if (Object.values(rest).some((each) => each !== undefined)) {
      await this.change(key, rest, access);
    }
  }

  /** Saves the next version of a run. */
  async #amend(
    found: EndedRun,
    { version, run, change }: { version: ReadablePages; run: StoredRun; change: RunChange },
  ): Promise<void> {
    const { key, generation } = found;
    const { metrics = [], params = new Map(), tags = new Map(), times, files = [] } = change;
    checkParams(run, params);
    checkRemoved(run, tags);
    const { info } = version;
    if (files.some(({ path }) => path === curveOf(info))) throw wrong("This path has the metrics");
    const next = amended(run, { params, tags, times, metrics });
    const points = pointsOf(metrics, run.startedMs);
    const isSame = points.length === 0 && files.length === 0 &&
      JSON.stringify(metadataOf(next)) === JSON.stringify(metadataOf(run));
    if (isSame) return;
    const { run: ofRun, metrics: values, ...members } = info.metadata;
    const { failed: _, ...others } = isJsonObject(ofRun) ? ofRun : {};
    const { run: facts, ...metadata } = metadataOf(next);
    const { content, curve } = await contentWith(version, files, points);
    const saved = await this.#registry.save(key.name, undefined, {
      as: passThrough(info.materializer, content),
      onConflict: "fail",
      base: `${key.name}@${found.version}`,
      inputs: info.inputs,
      idempotencyKey: saveKeyOf(key, generation + 1),
      metadata: {
        ...members,
        ...(isJsonObject(values) && { metrics: values }),
        ...metadata,
        ...(points.length === 0 && isJsonObject(values) && { metrics: values }),
        ...(curve && { curves: curve.path }),
        run: { ...others, ...facts as object, points: Number(others.points ?? 0) + points.length },
      },
    });
    if (saved.skipped) throw changedMeanwhile(key);
  }

  /** Deletes all versions of a run; one that goes on is discarded. */
  async delete(key: RunKey, access: Access): Promise<void> {
    await this.#inOrder(
      runIdOf(key),
      async () => await deleteRun(this.#registry, await this.#runs.find(key, access)),
    );
  }

  /** Restores the versions of a run that was deleted. */
  async restore(key: RunKey, access: Access): Promise<void> {
    await this.#inOrder(
      runIdOf(key),
      async () => await restoreRun(this.#registry, await this.#runs.find(key, access)),
    );
  }
}

/** Throws `Invalid` for parameters and tags that a run cannot have, beside the time of its end. */
function checkSizes(id: string, { key: { name }, params, tags, ...times }: StoredRun): void {
  const { endedMs = times.startedMs } = times;
  checkFacts({ name, id }, {
    params: Object.fromEntries(params),
    tags: { ...Object.fromEntries(tags), ...tagsOf({ ...times, endedMs }) },
  });
}

function changedMeanwhile(key: RunKey): Error {
  const hint = "Send the request again.";
  return conflict("change", `run ${runIdOf(key)}`, "it was changed meanwhile", { hint });
}

function isDeleted(key: RunKey): Error {
  return wrong(
    `The run ${runIdOf(key)} must be in the 'active' state. Current state is deleted`,
    "Restore it: client.restore_run(run_id).",
  );
}

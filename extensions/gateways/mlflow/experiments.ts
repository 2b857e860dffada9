// Experiments, which are names. A deleted one has only deleted versions, and a label that marks it.
import type { Registry } from "../../../mod.ts";
import { checkNewName, conflict, isRegistryError } from "../../../core/kernel.ts";
import { readLoggedRuns } from "../../runs/mod.ts";
import { experimentId, hasRunId, runIdOf } from "../../runs/mlflow/ids.ts";
import { runIn } from "../../runs/mlflow/stored_run.ts";
import { noSuch, wrong } from "./errors.ts";
import { infoOf } from "./info_of.ts";
import type { NameTags, NameTagStore, NewName, TagChange } from "./name_tags.ts";
import { DELETED, shownTagsOf } from "./shown_tags.ts";

export interface Experiment {
  readonly name: string;
  readonly tags: ReadonlyMap<string, string>;
  /** When a client created it, else the start of the run of the first version, if that is there. */
  readonly createdMs?: number;
  readonly updatedMs?: number;
  readonly isDeleted?: boolean;
}

const FIRST = "1.0.0";

export class ExperimentStore {
  readonly #registry: Registry;
  readonly #tags: NameTagStore;

  constructor(registry: Registry, tags: NameTagStore) {
    this.#registry = registry;
    this.#tags = tags;
  }

  async read(name: string, known?: { hasDraft: boolean }): Promise<Experiment> {
    const { tags, createdMs, changedMs, isSaved } = await this.#tags.read(name, known);
    return {
      name,
      tags: new Map(shownTagsOf(tags)),
      createdMs: createdMs ?? (isSaved ? await this.#startOf(name) : undefined),
      updatedMs: changedMs ?? createdMs,
      isDeleted: isDeleted({ tags, isSaved }),
    };
  }

  /** Returns an experiment; undefined if nobody created it, and nobody logged to it. */
  async find(name: string): Promise<Experiment | undefined> {
    const found = await this.read(name);
    if (found.createdMs !== undefined || found.isDeleted) return found;
    for await (const _ of this.#registry.versions(name, { limit: 1 })) return found;
    for await (const _ of readLoggedRuns(this.#registry, { name })) return found;
  }

  /** Yields the names of experiments without a version that were created or deleted. */
  unsaved(
    isWanted: (name: string) => boolean,
    drafted: ReadonlySet<string>,
  ): AsyncGenerator<string> {
    return this.#tags.names({ isWanted, drafted });
  }

  /** Creates an experiment whose name has no version. Returns false if another service did. */
  async create(name: string, tags: TagChange, options: NewName): Promise<boolean> {
    return await this.#tags.create(name, tags, options);
  }

  /** Changes tags, null removes one. An experiment without a version exists from then on. */
  async change(name: string, tags: TagChange): Promise<void> {
    await this.#tags.change(name, tags);
  }

  async #startOf(name: string): Promise<number | undefined> {
    const first = await infoOf(this.#registry, name, FIRST);
    return first && runIn(first).startedMs;
  }

  /** Throws `INVALID_PARAMETER_VALUE` for a deleted experiment. */
  async checkActive(name: string): Promise<void> {
    if (!isDeleted(await this.#tags.read(name))) return;
    throw wrong(
      `The experiment ${experimentId(name)} must be in the 'active' state. ` +
        "Current state is deleted",
      "Restore it: client.restore_experiment(experiment_id).",
    );
  }

  /** Deletes all versions of a name. Throws if a run has not ended, because it would be lost. */
  async delete(name: string): Promise<void> {
    const found = await this.find(name);
    if (found === undefined) throw noSuchExperiment(name);
    if (found.isDeleted) await this.checkActive(name);
    for await (const { id } of readLoggedRuns(this.#registry, { name })) {
      throw conflict("delete experiment", name, `${runIdOf({ name, id })} is still running`, {
        hint: "End or delete it first: client.set_terminated(run_id), client.delete_run(run_id).",
      });
    }
    // A refused delete changes nothing.
    await this.#registry.delete(name, { allVersions: true, dryRun: true });
    // A delete that is killed can be repeated: the label has no effect while there are versions.
    await this.#tags.change(name, new Map([[DELETED, "true"]]), found.createdMs);
    await this.#tags.discardEarlier(name);
    try {
      await this.#registry.delete(name, { allVersions: true });
    } catch (error) {
      await this.#tags.change(name, new Map([[DELETED, null]]));
      throw error;
    }
  }

  /** Restores a deleted experiment with all of its deleted versions whose files are there. */
  async restore(name: string): Promise<void> {
    if (await this.find(name) === undefined) throw noSuchExperiment(name);
    // A restore that was killed can be repeated.
    if (!(await this.#tags.read(name)).tags.has(DELETED)) {
      throw noSuch(`No deleted experiment with id=${experimentId(name)} exists`);
    }
    const deleted = await Array.fromAsync(this.#registry.versions(name, { deleted: true }));
    for (const { version } of deleted) {
      await this.#registry.undelete(name, { version }).catch((error) => {
        if (!isRegistryError(error, "AlreadyExists", "NotFound")) throw error;
      });
    }
    await this.#tags.change(name, new Map([[DELETED, null]]));
  }
}

function isDeleted({ tags, isSaved }: Pick<NameTags, "tags" | "isSaved">): boolean {
  return !isSaved && tags.has(DELETED);
}

function noSuchExperiment(name: string): Error {
  return noSuch(`No Experiment with id=${experimentId(name)} exists`);
}

/** Throws `INVALID_PARAMETER_VALUE` for a name that no run can have. */
export function checkExperimentName(name: string): void {
  try {
    checkNewName(name);
  } catch (error) {
    if (!isRegistryError(error, "Invalid")) throw error;
    throw wrong(`Invalid experiment name: ${error.message}`, error.hint);
  }
  const longest = { name, id: "0".repeat(32) };
  if (!hasRunId(longest)) {
    throw wrong("Invalid experiment name: it is too long", "Choose a shorter one.");
  }
}

/** Returns an experiment in the JSON of MLflow. */
export function experimentJson({ name, tags, createdMs, updatedMs, isDeleted }: Experiment) {
  const id = experimentId(name);
  return {
    experiment_id: id,
    name,
    artifact_location: `mlflow-artifacts:/${id}`,
    lifecycle_stage: isDeleted ? "deleted" : "active",
    ...(createdMs !== undefined && { creation_time: createdMs }),
    ...(updatedMs !== undefined && { last_update_time: updatedMs }),
    tags: Array.from(tags, ([key, value]) => ({ key, value })),
  };
}

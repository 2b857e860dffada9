// Experiments, which are names. Tags are labels of the name, and the description is its note. A name has
// neither before its first version: until then, they are parts of a draft, as a run would have them
// that nobody begins.
import { Buffer } from "node:buffer";
import { isJsonObject, isRegistryError, keepNewest, parseExactJson } from "../../core/kernel.ts";
import type { Registry, System } from "../../core/kernel.ts";
import { annotate, readAnnotations } from "../../registry/mod.ts";
import { openRunFiles, type RunFile } from "../../runs/run_files.ts";
import { experimentId } from "../../runs/mlflow/ids.ts";
import { runIn, textsOf } from "../../runs/mlflow/stored_run.ts";
import { partOf } from "./artifacts.ts";

export interface Experiment {
  readonly name: string;
  readonly tags: ReadonlyMap<string, string>;
  /** The start of the run of the first version; undefined if it was deleted. */
  readonly createdMs?: number;
  readonly updatedMs?: number;
}

type TagChange = ReadonlyMap<string, string | null>;

interface Waiting {
  readonly tags: TagChange;
  readonly createdMs?: number;
}

const NONE: Waiting = { tags: new Map() };

const DRAFT = "mlflow-experiment", FILE = "tags.json", FIRST = "1.0.0";
const MOST_SETTLED = 10_000;
/** The tag with the description. */
const NOTE = "mlflow.note.content";

export class ExperimentStore {
  readonly #registry: Registry;
  readonly #system: System;
  /** Names whose draft was looked for since they have versions. */
  readonly #settled = new Set<string>();

  constructor({ registry, system }: { registry: Registry; system: System }) {
    this.#registry = registry;
    this.#system = system;
  }

  async read(name: string): Promise<Experiment> {
    const [newest] = await Array.fromAsync(this.#registry.versions(name, { limit: 1 }));
    const known = await readAnnotations(this.#registry, name).catch(ignoreMissing);
    const waiting = known === undefined ? await this.#waiting(name) : undefined;
    const { notes, labels } = known ?? {};
    const tags = new Map([...waiting?.tags ?? [], ...textsOf(labels)]);
    if (notes !== undefined) tags.set(NOTE, notes);
    const times = [newest?.modifiedAt, known?.changedAt].map((time) => Number(time ?? 0));
    return {
      name,
      tags: new Map([...tags].filter((entry): entry is [string, string] => entry[1] !== null)),
      createdMs: newest === undefined ? waiting?.createdMs : await this.#startOf(name),
      updatedMs: Math.max(...times) || waiting?.createdMs,
    };
  }

  /** Returns whether somebody created an experiment whose name has no version yet. */
  async isCreated(name: string): Promise<boolean> {
    return (await this.#waiting(name)).createdMs !== undefined;
  }

  /** Changes tags, null removes one. An experiment without a version exists from then on. */
  async change(name: string, tags: TagChange): Promise<void> {
    if (await this.#tryAnnotate(name, tags)) return;
    const draft = await this.#draft(name);
    const content = Buffer.from(JSON.stringify(Object.fromEntries(tags)));
    const adding = draft.addPart(partOf(FILE, this.#system), [{ path: FILE, content }]);
    const failure = await adding.then(() => undefined, (error: unknown) => error);
    this.#settled.delete(name);
    // It may have its first version by now.
    if (await this.#tryAnnotate(name, tags) || failure === undefined) return;
    // The draft is too old: an experiment without tags is there with its first run.
    if (tags.size > 0 || !isRegistryError(failure, "Conflict")) throw failure;
  }

  /** Changes labels and the note. Returns false, and changes nothing, if the name never had a version. */
  async #tryAnnotate(name: string, tags: TagChange): Promise<boolean> {
    try {
      await this.#annotate(name, tags);
      return true;
    } catch (error) {
      ignoreMissing(error);
      return false;
    }
  }

  /** Makes the tags of an experiment labels, once its name has a version. */
  async settle(name: string): Promise<void> {
    if (this.#settled.has(name)) return;
    await this.#annotate(name, new Map());
    this.#settled.add(name);
    keepNewest(this.#settled, MOST_SETTLED);
  }

  async #annotate(name: string, tags: TagChange): Promise<void> {
    const before = await readAnnotations(this.#registry, name);
    const waiting = this.#settled.has(name) ? NONE : await this.#waiting(name);
    const isNew = ([key]: [string, unknown]) =>
      key === NOTE ? before?.notes === undefined : !Object.hasOwn(before?.labels ?? {}, key);
    const { [NOTE]: notes, ...labels } = Object.fromEntries([
      ...[...waiting.tags].filter(isNew),
      ...tags,
    ]);
    if (waiting.tags.size + tags.size > 0) {
      await annotate(this.#registry, name, { labels, ...notes !== undefined && { notes } });
    }
    if (waiting.createdMs !== undefined) await this.#draft(name).then((draft) => draft.discard());
  }

  #draft(name: string) {
    return this.#registry.openDraft(name, { id: `run:${DRAFT}` });
  }

  async #startOf(name: string): Promise<number | undefined> {
    const first = await this.#registry.info(name, { version: FIRST }).catch(ignoreMissing);
    return first && runIn(first).startedMs;
  }

  /** Reads the tags of an experiment whose name had no version when they were set. */
  async #waiting(name: string): Promise<Waiting> {
    const { state } = await (await this.#draft(name)).info();
    if (state !== "open") return NONE;
    const tags = new Map<string, string | null>();
    const parts = await openRunFiles(this.#registry, { name, id: DRAFT }, () => true);
    parts.sort((a, b) => Number(a.addedAt) - Number(b.addedAt) || (a.part < b.part ? -1 : 1));
    for (const part of parts) for (const [key, value] of await tagsIn(part)) tags.set(key, value);
    return { tags, createdMs: parts[0]?.addedAt.getTime() };
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!isRegistryError(error, "NotFound")) throw error;
}

async function tagsIn(part: RunFile): Promise<[key: string, value: string | null][]> {
  const tags = parseExactJson(await new Response(part.stream()).text());
  return isJsonObject(tags) ? Object.entries(tags) as [string, string | null][] : [];
}

/** Returns an experiment in the JSON of MLflow. */
export function experimentJson({ name, tags, createdMs, updatedMs }: Experiment) {
  const id = experimentId(name);
  return {
    experiment_id: id,
    name,
    artifact_location: `mlflow-artifacts:/${id}`,
    lifecycle_stage: "active",
    ...(createdMs !== undefined && { creation_time: createdMs }),
    ...(updatedMs !== undefined && { last_update_time: updatedMs }),
    tags: Array.from(tags, ([key, value]) => ({ key, value })),
  };
}

// Tags of experiments and registered models, which are names. Tags are labels of the name, and the
// description is its note. The label `holdfast.created` makes a name one that clients created, also
// while it has no version.
import { isRegistryError } from "../../core/kernel.ts";
import type { Registry, System } from "../../core/kernel.ts";
import type { AnnotationsChange } from "../../registry/mod.ts";
import { annotateName, annotationsOfName, notedNames } from "../../runs/noted_names.ts";
import { textsOf } from "../../runs/mlflow/stored_run.ts";
import { NOTE } from "./shown_tags.ts";

export interface NameTags {
  readonly tags: ReadonlyMap<string, string>;
  /** When a client created it; undefined if none did. */
  readonly createdMs?: number;
  readonly changedMs?: number;
  /** True if its name has a version. */
  readonly isSaved: boolean;
}

/** Changed tags; null removes one. */
export type TagChange = ReadonlyMap<string, string | null>;

const CREATED = "holdfast.created";

export class NameTagStore {
  readonly #registry: Registry;
  readonly #system: Pick<System, "now">;

  constructor({ registry, system }: { registry: Registry; system: Pick<System, "now"> }) {
    this.#registry = registry;
    this.#system = system;
  }

  async read(name: string): Promise<NameTags> {
    const [newest] = await Array.fromAsync(this.#registry.versions(name, { limit: 1 }));
    const known = await annotationsOfName(this.#registry, name);
    const tags = textsOf(known?.labels);
    if (known?.notes !== undefined) tags.set(NOTE, known.notes);
    const createdMs = Date.parse(tags.get(CREATED) ?? "");
    const changedMs = Math.max(Number(newest?.modifiedAt ?? 0), Number(known?.changedAt ?? 0));
    return {
      tags,
      createdMs: Number.isNaN(createdMs) ? undefined : createdMs,
      changedMs: changedMs || undefined,
      isSaved: newest !== undefined,
    };
  }

  /** Yields the names with a prefix that were created, also those that have no version. */
  async *names(
    { prefix = "", isWanted }: { prefix?: string; isWanted(name: string): boolean },
  ): AsyncGenerator<string> {
    for await (const { name, labels } of notedNames(this.#registry, { prefix, isWanted })) {
      if (Object.hasOwn(labels, CREATED)) yield name;
    }
  }

  /**
   * Creates a name that has no version. Tags replace those of versions that were deleted. Returns
   * false, and changes nothing, if another service has created it meanwhile.
   */
  async create(name: string, tags: TagChange, createdMs?: number): Promise<boolean> {
    const before = await annotationsOfName(this.#registry, name);
    const removed = Object.keys(before?.labels ?? {}).map((key): [string, null] => [key, null]);
    const change = changeOf(new Map([...removed, [NOTE, null], ...tags, this.#created(createdMs)]));
    try {
      const ifRevision = before?.revision ?? 0;
      await annotateName(this.#registry, name, change, { ifRevision });
      return true;
    } catch (error) {
      if (!isRegistryError(error, "Conflict")) throw error;
      return false;
    }
  }

  /** Changes tags. A name without a version is created by that; with a time, each name is. */
  async change(name: string, tags: TagChange, createdMs?: number): Promise<void> {
    const known = await this.read(name);
    const isThere = known.createdMs !== undefined || known.isSaved && createdMs === undefined;
    const all = isThere ? tags : new Map([...tags, this.#created(createdMs)]);
    await annotateName(this.#registry, name, changeOf(all));
  }

  /** Removes all tags of a name. */
  async remove(name: string): Promise<void> {
    await annotateName(this.#registry, name, { labels: null, notes: null });
  }

  #created(ms = this.#system.now()): [key: string, value: string] {
    return [CREATED, new Date(ms).toISOString()];
  }
}

function changeOf(tags: TagChange): AnnotationsChange {
  const { [NOTE]: notes, ...labels } = Object.fromEntries(tags);
  return { labels, ...notes !== undefined && { notes } };
}

// Tags of experiments and registered models, which are names. Tags are labels of the name, and the
// description is its note. The label `holdfast.created` marks a name that a client created, also
// before its first version.
import type { Registry, System } from "../../../mod.ts";
import { isRegistryError, mapAtOnce } from "../../../core/kernel.ts";
import type { Annotations, AnnotationsChange } from "../../../registry/mod.ts";
import { annotateName, annotationsOfName, notedNames } from "../../runs/mlflow/noted_names.ts";
import {
  discardEarlierTags,
  draftedNames,
  readEarlierTags,
} from "../../runs/mlflow/earlier_tags.ts";
import { textsOf } from "../../runs/mlflow/stored_run.ts";
import { DELETED, NOTE } from "./shown_tags.ts";

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

/** How a name is created. */
export interface NewName {
  /** @default now */
  createdMs?: number;
  /** True for a token that may not change tags. */
  keepsTags?: boolean;
}

const CREATED = "holdfast.created";

export class NameTagStore {
  readonly #registry: Registry;
  readonly #system: Pick<System, "now">;

  constructor({ registry, system }: { registry: Registry; system: Pick<System, "now"> }) {
    this.#registry = registry;
    this.#system = system;
  }

  /** Reads the tags of a name. Without a draft, that takes one request less. */
  async read(name: string, { hasDraft = true } = {}): Promise<NameTags> {
    const [newest] = await Array.fromAsync(this.#registry.versions(name, { limit: 1 }));
    let known = await annotationsOfName(this.#registry, name);
    if (hasDraft && (newest === undefined || known === undefined)) {
      known = await this.#withEarlier(name, known);
    }
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

  /** Copies tags from drafts, where earlier programs kept them, to labels. */
  async #withEarlier(
    name: string,
    known: Annotations | undefined,
  ): Promise<Annotations | undefined> {
    const earlier = await readEarlierTags(this.#registry, name);
    const [first] = earlier;
    if (first === undefined) return known;
    const before = textsOf(known?.labels);
    if (known?.notes !== undefined) before.set(NOTE, known.notes);
    const isMoved = before.has(CREATED);
    const tags = new Map<string, string | null>();
    for (const { setMs, tags: set } of earlier) {
      const isNewer = setMs > Number(known?.changedAt ?? 0);
      for (const [key, value] of set) {
        if (isNewer || !isMoved && !before.has(key)) tags.set(key, value);
      }
    }
    const createdMs = Number(tags.get(CREATED) ?? first.setMs);
    tags.delete(CREATED);
    if (!isMoved) tags.set(...this.#created(createdMs));
    if (tags.size === 0) return known;
    try {
      const ifRevision = known?.revision ?? 0;
      return await annotateName(this.#registry, name, changeOf(tags), { ifRevision });
    } catch (error) {
      if (isRegistryError(error, "Conflict")) return await annotationsOfName(this.#registry, name);
      const all = [...before, ...tags].filter(([_, value]) => value !== null);
      const { [NOTE]: notes, ...labels } = Object.fromEntries(all) as Record<string, string>;
      const changedMs = Math.max(...earlier.map(({ setMs }) => setMs));
      return { notes, labels, revision: 0, changedAt: new Date(changedMs) };
    }
  }

  /** Returns the names with a prefix that have drafts. */
  async drafted(prefix?: string): Promise<ReadonlySet<string>> {
    return await draftedNames(this.#registry, prefix);
  }

  /**
   * Yields the names with a prefix that were created, also those that have no version, and those of
   * deleted experiments.
   */
  async *names(
    { prefix = "", isWanted, drafted }: {
      prefix?: string;
      isWanted(name: string): boolean;
      drafted: ReadonlySet<string>;
    },
  ): AsyncGenerator<string> {
    const found = new Set<string>();
    for await (const { name, labels } of notedNames(this.#registry, { prefix, isWanted })) {
      if (!Object.hasOwn(labels, CREATED) && !Object.hasOwn(labels, DELETED)) continue;
      found.add(name);
      yield name;
    }
    const others = [...drafted].filter((name) => !found.has(name) && isWanted(name));
    const read = mapAtOnce(others, async (name) => ({ name, ...await this.read(name) }));
    for await (const { name, createdMs } of read) if (createdMs !== undefined) yield name;
  }

  /**
   * Creates a name that has no version. Tags replace those of deleted versions, unless `keepsTags`.
   * Returns false, and changes nothing, if another service has created the name meanwhile.
   */
  async create(name: string, tags: TagChange, { createdMs, keepsTags }: NewName): Promise<boolean> {
    const before = await annotationsOfName(this.#registry, name);
    const earlier = keepsTags ? [] : [...Object.keys(before?.labels ?? {}), NOTE];
    const removed = earlier.map((key): [string, null] => [key, null]);
    const change = changeOf(new Map([...removed, ...tags, this.#created(createdMs)]));
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
    await this.discardEarlier(name);
    await annotateName(this.#registry, name, { labels: null, notes: null });
  }

  /** Removes the drafts of earlier programs. */
  async discardEarlier(name: string): Promise<void> {
    await discardEarlierTags(this.#registry, name);
  }

  #created(ms = this.#system.now()): [key: string, value: string] {
    return [CREATED, new Date(ms).toISOString()];
  }
}

function changeOf(tags: TagChange): AnnotationsChange {
  const { [NOTE]: notes, ...labels } = Object.fromEntries(tags);
  return { labels, ...notes !== undefined && { notes } };
}

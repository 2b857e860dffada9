// Tags of experiments and registered models, which are names. Tags are labels of the name, and the
// description is its note. A name has neither before its first version: until then, they are parts of
// a draft, as a run would have them that nobody begins. Once a draft has ended, the next one has
// another number: `mlflow-model`, `mlflow-model~2`.
import { Buffer } from "node:buffer";
import { isJsonObject, isRegistryError, keepNewest, parseExactJson } from "../../core/kernel.ts";
import type { Registry, System } from "../../core/kernel.ts";
import { annotate, readAnnotations } from "../../registry/mod.ts";
import { namesOfRuns, openRunFiles, type RunFile, runIdsWith } from "../../runs/run_files.ts";
import { sizeOf, textsOf } from "../../runs/mlflow/stored_run.ts";
import { partOf } from "./artifacts.ts";
import { wrong } from "./errors.ts";
import { NOTE } from "./shown_tags.ts";

export interface NameTags {
  readonly tags: ReadonlyMap<string, string>;
  /** When it was created, unless that is known by its versions alone. */
  readonly createdMs?: number;
  readonly changedMs?: number;
  /** True if its name has a version. */
  readonly isSaved: boolean;
}

/** Changed tags; null removes one. */
export type TagChange = ReadonlyMap<string, string | null>;

interface Waiting {
  /** The run whose draft has them. */
  readonly id: string;
  readonly tags: TagChange;
  /** Undefined if nothing waits. */
  readonly createdMs?: number;
  readonly changedMs?: number;
}

const FILE = "tags.json";
const MOST_SETTLED = 10_000;
/** Bytes of all tags as JSON: labels and the note have 64 KiB. */
const MOST_BYTES = 60 * 1024;
/** A tag with the time of the creation, where it is not that of the draft. */
const CREATED = "holdfast.created";

export class NameTagStore {
  readonly #registry: Registry;
  readonly #system: System;
  /** Prefix of the ids of drafts. */
  readonly #draft: string;
  /** Names with versions, whose drafts are discarded. */
  readonly #settled = new Set<string>();

  constructor({ registry, system }: { registry: Registry; system: System }, draft: string) {
    this.#registry = registry;
    this.#system = system;
    this.#draft = draft;
  }

  async read(name: string): Promise<NameTags> {
    const [newest] = await Array.fromAsync(this.#registry.versions(name, { limit: 1 }));
    const known = await readAnnotations(this.#registry, name).catch(ignoreMissing);
    const isSaved = newest !== undefined;
    const waiting = known === undefined || !isSaved ? await this.#waiting(name) : undefined;
    const { notes, labels } = known ?? {};
    const tags = new Map([...waiting?.tags ?? [], ...textsOf(labels)]);
    if (notes !== undefined) tags.set(NOTE, notes);
    const times = [newest?.modifiedAt, known?.changedAt, waiting?.changedMs];
    return {
      tags: new Map([...tags].filter((entry): entry is [string, string] => entry[1] !== null)),
      ...!isSaved && { createdMs: waiting?.createdMs },
      changedMs: Math.max(...times.map((time) => Number(time ?? 0))) || undefined,
      isSaved,
    };
  }

  /** Returns when a name was created that has no version yet; undefined if nobody created it. */
  async createdMs(name: string): Promise<number | undefined> {
    return (await this.#waiting(name)).createdMs;
  }

  /** Yields the names with a prefix that were created, and that have no version yet. */
  async *names(
    { prefix = "", isWanted }: { prefix?: string; isWanted(name: string): boolean },
  ): AsyncGenerator<string> {
    const found = namesOfRuns(this.#registry, { prefix, begin: this.#draft, isWanted });
    for await (const name of found) if (await this.createdMs(name) !== undefined) yield name;
  }

  /** Creates a name without a version. Tags replace those of versions that were deleted. */
  async create(name: string, tags: TagChange, createdMs?: number): Promise<void> {
    const known = await readAnnotations(this.#registry, name).catch(ignoreMissing);
    const before = [
      ...Object.keys(known?.labels ?? {}),
      ...known?.notes === undefined ? [] : [NOTE],
    ];
    const replaced = new Map([...before.map((key): [string, null] => [key, null]), ...tags]);
    const isKnown = await this.#tryAnnotate(name, replaced);
    await this.keep(name, createdMs, isKnown ? new Map() : tags);
  }

  /** Lists a name that has no version among those that were created. */
  async keep(name: string, createdMs?: number, tags: TagChange = new Map()): Promise<void> {
    const time = createdMs === undefined ? [] : [[CREATED, `${createdMs}`] as const];
    await this.#add(name, new Map([...tags, ...time]));
  }

  /** Changes tags. A name without a version is created by that. */
  async change(name: string, tags: TagChange): Promise<void> {
    if (await this.#tryAnnotate(name, tags)) return;
    const failure = await this.#add(name, tags).then(() => undefined, (error: unknown) => error);
    // It may have its first version by now.
    if (await this.#tryAnnotate(name, tags) || failure === undefined) return;
    throw failure;
  }

  async #add(name: string, tags: TagChange): Promise<void> {
    const { id, tags: before } = await this.#waiting(name);
    if (sizeOf(Object.fromEntries([...before, ...tags])) > MOST_BYTES) {
      throw wrong(`Tags and the description have more than ${MOST_BYTES} bytes as JSON`);
    }
    const draft = await this.#registry.openDraft(name, { id: `run:${id}` });
    const content = Buffer.from(JSON.stringify(Object.fromEntries(tags)));
    await draft.addPart(partOf(FILE, this.#system), [{ path: FILE, content }]);
    this.#settled.delete(name);
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

  /** Makes the tags labels, once the name has a version. */
  async settle(name: string): Promise<void> {
    if (this.#settled.has(name)) return;
    await this.#annotate(name, new Map());
    const { id, createdMs } = await this.#waiting(name);
    if (createdMs !== undefined) await this.#discard(name, id);
    this.#settled.add(name);
    keepNewest(this.#settled, MOST_SETTLED);
  }

  /** Removes what waits for a version. */
  async remove(name: string): Promise<void> {
    const { id, createdMs } = await this.#waiting(name);
    if (createdMs !== undefined) await this.#discard(name, id);
  }

  async #annotate(name: string, tags: TagChange): Promise<void> {
    const before = await readAnnotations(this.#registry, name);
    const waiting = this.#settled.has(name) ? undefined : await this.#waiting(name);
    const isNew = ([key]: [string, unknown]) =>
      key === NOTE ? before?.notes === undefined : !Object.hasOwn(before?.labels ?? {}, key);
    const { [NOTE]: notes, ...labels } = Object.fromEntries([
      ...[...waiting?.tags ?? []].filter(isNew),
      ...tags,
    ]);
    if (Object.keys(labels).length === 0 && notes === undefined) return;
    await annotate(this.#registry, name, { labels, ...notes !== undefined && { notes } });
    if (waiting !== undefined && waiting.tags.size > 0) await this.#discard(name, waiting.id);
  }

  async #discard(name: string, id: string): Promise<void> {
    await (await this.#registry.openDraft(name, { id: `run:${id}` })).discard();
  }

  /** Reads what waits for the first version of a name. */
  async #waiting(name: string): Promise<Waiting> {
    let number = 1;
    for await (const id of runIdsWith(this.#registry, name, this.#draft)) {
      number = Math.max(number, this.#numberOf(id));
    }
    const id = this.#idOf(number);
    const draft = await this.#registry.openDraft(name, { id: `run:${id}` });
    const { state } = await draft.info();
    if (state !== "open") return { id: this.#idOf(number + 1), tags: new Map() };
    const tags = new Map<string, string | null>();
    const files = await openRunFiles(this.#registry, { name, id }, () => true);
    files.sort((a, b) => Number(a.addedAt) - Number(b.addedAt) || (a.part < b.part ? -1 : 1));
    for (const file of files) for (const [key, value] of await tagsIn(file)) tags.set(key, value);
    const created = tags.get(CREATED);
    const shown = new Map([...tags].filter(([key]) => key !== CREATED));
    const [first, last] = [files[0], files.at(-1)].map((file) => file?.addedAt.getTime());
    const createdMs = typeof created === "string" ? Number(created) : first;
    return { id, tags: shown, createdMs, changedMs: last };
  }

  #idOf(number: number): string {
    return number === 1 ? this.#draft : `${this.#draft}~${number}`;
  }

  #numberOf(id: string): number {
    if (id === this.#draft) return 1;
    const [, number] = /^~(\d{1,15})$/.exec(id.slice(this.#draft.length)) ?? [];
    return Number(number ?? 0);
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!isRegistryError(error, "NotFound")) throw error;
}

async function tagsIn(part: RunFile): Promise<[key: string, value: string | null][]> {
  const tags = parseExactJson(await new Response(part.stream()).text());
  return isJsonObject(tags) ? Object.entries(tags) as [string, string | null][] : [];
}

// What a registry takes of its store: how much each name does, what versions share, and what nobody
// needs.
import { decodeName } from "../../core/naming/names.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { AUXILIARY, SETTINGS } from "../format/layout.ts";
import { type Context, contextOf } from "../operations/context.ts";
import { bindingGraceMs, readGraces } from "../cell/graces.ts";
import { collectNames, sweepStages } from "./collect_garbage.ts";
import { Collection, emptyReport } from "./collection.ts";
import type { GarbageItem, Measure, WaitingItem } from "./collection.ts";
import type { Cell, Folder, KnownName } from "./garbage/known.ts";
import { removeLeftovers } from "./garbage/leftovers.ts";
import { listReadable } from "./readable.ts";

/** Bytes that nobody needs. */
export interface GarbageSpace {
  bytes: number;
  /** Those that `collectGarbage` frees now; the rest is too young. */
  freeableBytes: number;
  nextAt?: Date;
  allAt?: Date;
}

/** What one name takes. */
export interface NameSpace {
  name: string;
  versions: number;
  size: number;
  /** Bytes in the store: records and files, also of what nobody needs. */
  bytes: number;
  sharedBytes: number;
  garbage: GarbageSpace;
}

/** What {@linkcode spaceOf} found. */
export interface SpaceReport {
  bytes: number;
  objects: number;
  names: NameSpace[];
  /** Bytes that belong to no name: settings, drafts, uploads, marks and notes. */
  otherBytes: number;
  garbage: GarbageSpace;
  /** The time that ages were measured against: by this machine's clock, for nothing is written. */
  measuredAt: Date;
  /** What could not be read. Its name is counted as far as it was listed. */
  failures: { key: string; message: string }[];
}

/** What `spaceOf` of `registry/tools.ts` does. */
export async function spaceOf(
  registry: Registry,
  { signal }: SignalOptions = {},
): Promise<SpaceReport> {
  const context = contextOf(registry, "measure space");
  const { system, clockOffset } = context;
  const mark = system.now() + (clockOffset?.ms ?? 0);
  const graceMs = bindingGraceMs(await readGraces(context, signal), mark);
  const report = emptyReport({ dryRun: true, mark, graceMs });
  const measure = new SpaceMeasure();
  const collection = new Collection(context, {
    report,
    markKey: "",
    signal,
    onItem: (item) => measure.freeable(item),
    onWaiting: (item) => measure.waiting(item),
    measure,
  });
  await sweepStages(collection, report);
  await collectNames(collection);
  await removeLeftovers(collection);
  const other = await measureOther(context, report.failures, signal);
  const { garbage } = measure;
  const names = measure.names();
  return {
    bytes: names.reduce((sum, { bytes }) => sum + bytes, other.bytes),
    objects: measure.objects + other.objects,
    names,
    otherBytes: other.bytes,
    garbage,
    measuredAt: report.markAt,
    failures: report.failures,
  };
}

/** Adds up what a collection that removes nothing finds. */
class SpaceMeasure implements Measure {
  /** Objects of all names. */
  objects = 0;
  readonly garbage: GarbageSpace = { bytes: 0, freeableBytes: 0 };
  readonly #spaces = new Map<string, NameSpace>();
  /** Sizes of the objects of the name that was listed last, by place and number. */
  #sizes = new Map<string, number>();

  /** The names, the largest first. */
  names(): NameSpace[] {
    return [...this.#spaces.values()].sort((a, b) =>
      b.bytes - a.bytes || (a.name < b.name ? -1 : 1)
    );
  }

  listed(name: string, folders: ReadonlyMap<string, Folder>, cells: readonly Cell[]): void {
    const payloads = [...folders].flatMap(([place, { objects }]) =>
      objects.map((object) => ({ ...object, place }))
    );
    const records = cells.flatMap(({ generations }) => generations);
    this.objects += payloads.length + records.length;
    this.#spaces.set(name, {
      name: decodeName(name)!,
      bytes: [...payloads, ...records].reduce((sum, { size }) => sum + size, 0),
      versions: 0,
      size: 0,
      sharedBytes: 0,
      garbage: { bytes: 0, freeableBytes: 0 },
    });
    this.#sizes = new Map(
      payloads.map((
        { place, key, size },
      ) => [`${place}/${key.slice(key.lastIndexOf("/") + 1)}`, size]),
    );
  }

  known({ name, cells, records }: KnownName): void {
    const users = new Map<string, number>();
    const space = this.#spaces.get(name)!;
    for (const { kind, generations: [head] } of cells) {
      const version = kind === "version" ? records.get(head.key)?.version : undefined;
      if (version === undefined) continue;
      space.versions++;
      space.size += version.size;
      for (const [place, object] of version.objects) {
        const key = `${place}/${object}`;
        users.set(key, (users.get(key) ?? 0) + 1);
      }
    }
    for (const [key, count] of users) {
      if (count > 1) space.sharedBytes += this.#sizes.get(key) ?? 0;
    }
  }

  /** Counts garbage that may go now. */
  freeable(item: GarbageItem): void {
    for (const space of this.#garbageOf(item)) {
      space.bytes += item.size;
      space.freeableBytes += item.size;
    }
  }

  /** Counts garbage that is too young. */
  waiting(item: WaitingItem): void {
    for (const space of this.#garbageOf(item)) {
      space.bytes += item.size;
      if (space.nextAt === undefined || item.until < space.nextAt) space.nextAt = item.until;
      if (space.allAt === undefined || item.until > space.allAt) space.allAt = item.until;
    }
  }

  /** Where an item counts: in all, and in its name if it has one. */
  #garbageOf({ key }: GarbageItem): GarbageSpace[] {
    const [top, name] = key.split("/");
    const space = top === "names" || top === "objects" ? this.#spaces.get(name) : undefined;
    return space === undefined ? [this.garbage] : [this.garbage, space.garbage];
  }
}

/** What is kept beside the names. */
async function measureOther(
  context: Context,
  failures: SpaceReport["failures"],
  signal?: AbortSignal,
): Promise<{ bytes: number; objects: number }> {
  let bytes = 0, objects = 0;
  const onFailure = ({ message }: Error, key: string) => void failures.push({ key, message });
  for (const top of [SETTINGS, ...AUXILIARY]) {
    for await (const { size } of listReadable(context, top, { signal, onFailure })) {
      bytes += size;
      objects++;
    }
  }
  for await (
    const stage of context.backend.sweepUploads?.({ olderThan: Infinity, dryRun: true, signal }) ??
      []
  ) {
    bytes += stage.size ?? 0;
    objects++;
  }
  return { bytes, objects };
}

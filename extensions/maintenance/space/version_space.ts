// Measures the versions of one name: what each stores alone, and what deleting some would free.
import type { Registry } from "../../../mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import { encodeName } from "../../../core/kernel.ts";
import { LAYOUT, recordsOf, usedBytes } from "../../../registry/records.ts";
import { Collection, type Measure, newReport } from "../garbage/collection.ts";
import { collectDrafts } from "../garbage/drafts.ts";
import type { Folder, KnownName } from "../garbage/known.ts";
import { collectName } from "../garbage/garbage_of_name.ts";

/** Options of {@linkcode measureVersions}. */
export interface VersionSpaceOptions extends SignalOptions {
  /** Versions whose deletion is measured. @default none */
  deleting?: Iterable<string>;
}

/** The space of one version. */
export interface VersionSpace {
  version: string;
  /** Bytes of its files. */
  size: number;
  /** Bytes in the store that no other version of the name uses. */
  ownBytes: number;
  /** Bytes that it uses of objects that other versions use too. */
  sharedBytes: number;
  modifiedAt: Date;
}

/** The result of {@linkcode measureVersions}. */
export interface VersionSpaces {
  /** Newest first. */
  versions: VersionSpace[];
  /** Bytes in the store that a version needs, and those that cannot be freed without them. */
  storedBytes: number;
  /** Bytes that the collector frees a grace period after the deletion of `deleting`. */
  freedBytes: number;
}

/** Implements `measureVersions` of `extensions/maintenance/mod.ts`. */
export async function measureVersions(
  registry: Registry,
  name: string,
  { deleting = [], signal }: VersionSpaceOptions = {},
): Promise<VersionSpaces> {
  const context = recordsOf(registry, "measure versions");
  const report = await newReport(context, { dryRun: true, signal });
  const measure = new VersionMeasure();
  const collection = new Collection(context, { report, markKey: "", signal, measure });
  collection.drafts = await collectDrafts(collection);
  await collectName(collection, encodeName(name));
  return measure.spaces(new Set(deleting));
}

interface MeasuredVersion {
  version: string;
  size: number;
  modifiedAt: number;
  /** Bytes by the key of an object and of the record, which holds small files or a list of them. */
  objects: ReadonlyMap<string, { stored: number; used: number }>;
}

class VersionMeasure implements Measure {
  #sizes = new Map<string, number>();
  readonly #versions: MeasuredVersion[] = [];

  listed(_name: string, folders: ReadonlyMap<string, Folder>): void {
    const objects = [...folders].flatMap(([place, { objects }]) =>
      objects.map(({ key, size }) => [place + key.slice(key.lastIndexOf("/")), size] as const)
    );
    this.#sizes = new Map(objects);
  }

  known({ cells, records }: KnownName): void {
    for (const cell of cells) {
      const [head] = cell.generations;
      const known = cell.kind === "version" ? records.get(head.key)?.version : undefined;
      if (known === undefined) continue;
      const keys = known.objects.map(([place, object]) => `${place}/${object}`);
      const used = usedBytes(known.ranges);
      const objects = new Map([...keys, head.key].map((key) => {
        const stored = key === head.key ? head.size : this.#sizes.get(key) ?? 0;
        return [key, { stored, used: used.get(key) ?? stored }];
      }));
      const { size } = known;
      const version = LAYOUT.parseCellKey(head.key)!.version!.canonical;
      this.#versions.push({ version, size, modifiedAt: head.modifiedAt, objects });
    }
  }

  spaces(deleting: ReadonlySet<string>): VersionSpaces {
    const users = new Map<string, number>();
    const remaining = new Set<string>();
    const sizes = new Map<string, number>();
    for (const { version, objects } of this.#versions) {
      for (const [key, { stored }] of objects) {
        users.set(key, (users.get(key) ?? 0) + 1);
        sizes.set(key, stored);
        if (!deleting.has(version)) remaining.add(key);
      }
    }
    const versions = this.#versions.map(({ version, size, modifiedAt, objects }) => {
      let ownBytes = 0, sharedBytes = 0;
      for (const [key, { stored, used }] of objects) {
        if (users.get(key) === 1) ownBytes += stored;
        else sharedBytes += used;
      }
      return { version, size, ownBytes, sharedBytes, modifiedAt: new Date(modifiedAt) };
    });
    let storedBytes = 0, freedBytes = 0;
    for (const [key, size] of sizes) {
      storedBytes += size;
      if (!remaining.has(key)) freedBytes += size;
    }
    versions.sort((a, b) => +b.modifiedAt - +a.modifiedAt);
    return { versions, storedBytes, freedBytes };
  }
}

// Reads the versions of names for the search index.
import type { Logger, Registry } from "../../../mod.ts";
import { isRegistryError, retold } from "../../../core/errors.ts";
import type { Annotations, ArtifactInfo } from "../../../core/artifact.ts";
import type { VersionEntry } from "../../../core/registry.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { type IndexedVersion, placeOf, type Row } from "./block.ts";
import type { KnownRows, KnownVersion } from "./known_rows.ts";

/** A version of a listing, or one that only an alias has named. */
type ListedVersion = Partial<VersionEntry> & Pick<VersionEntry, "name" | "version">;

/** By version. */
type Aliases = ReadonlyMap<string, readonly string[]>;

/** The newest versions of a name, and those with an alias. */
export interface NewestVersions {
  /** In order. */
  readonly rows: readonly Row[];
  /** False if there are others, or one could not be read. */
  readonly isWhole: boolean;
  readonly hasOthers?: boolean;
}

/** A version of a name. */
export interface ReadVersion {
  readonly row: Row;
  /** It is in the index as it is, behind the version before. */
  readonly isKnown: boolean;
}

/** Versions of each name that are read before all others. */
export const NEWEST = 20;
/** Names, and versions of a name, that are read at the same time. */
export const AT_ONCE = 32;

/** Codes of errors that the other names would have too. */
const OF_ALL_NAMES: ReadonlySet<string> = new Set(["Unavailable", "Unknown", "Denied"]);

/** Reads the versions of names, but not the known ones again. */
export class VersionReader {
  readonly #registry: Registry;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;

  constructor(registry: Registry, { logger, closing }: { logger: Logger; closing: AbortSignal }) {
    this.#registry = registry;
    this.#logger = logger;
    this.#signal = closing;
  }

  /** Reads the newest versions of a name, and those with an alias. */
  async newestOf(name: string): Promise<NewestVersions> {
    const rows: Row[] = [];
    const { registry, signal } = this.#parts;
    let isWhole = true;
    const read = async (each: ListedVersion, aliases: Aliases) => {
      const version = await this.#read(each, aliases);
      if (version === undefined) isWhole = false;
      else rows.push(version.row);
    };
    try {
      const aliases = await this.#aliasesOf(name);
      // Details come with the listing: another read of each version would list it again.
      const options = { limit: NEWEST + 1, annotations: true, details: true, signal };
      const listed = await Array.fromAsync(registry.versions(name, options));
      const newest = listed.slice(0, NEWEST);
      for (const each of newest) await read(each, aliases);
      if (listed.length <= NEWEST) return { rows, isWhole };
      for (const version of aliases.keys()) {
        if (newest.every((each) => each.version !== version)) {
          await read({ name, version }, aliases);
        }
      }
    } catch (error) {
      this.#skip(name, error);
      return { rows: [], isWhole: false };
    }
    rows.sort((a, b) => placeOf(a.found) < placeOf(b.found) ? -1 : 1);
    return { rows, isWhole: false, hasOthers: true };
  }

  /**
   * Reads all versions of a name, newest first; undefined stands for one that cannot be read. Ends
   * with true if all could.
   */
  async *allOf(name: string, known: KnownRows): AsyncGenerator<ReadVersion | undefined, boolean> {
    const { registry, signal } = this.#parts;
    let isWhole = true;
    try {
      const aliases = await this.#aliasesOf(name);
      const read = ([each, found]: [ListedVersion, KnownVersion]) =>
        this.#read(each, aliases, found);
      const listed = registry.versions(name, { annotations: true, signal });
      const pairs = async function* (): AsyncGenerator<[ListedVersion, KnownVersion]> {
        for await (const each of listed) yield [each, await known.find(name, each.version)];
      };
      for await (const version of mapAtOnce(pairs(), read, { concurrency: AT_ONCE })) {
        isWhole &&= version !== undefined;
        yield version;
      }
      return isWhole;
    } catch (error) {
      this.#skip(name, error);
      return false;
    }
  }

  get #parts(): { registry: Registry; signal: AbortSignal } {
    return { registry: this.#registry, signal: this.#signal };
  }

  async #aliasesOf(name: string): Promise<Aliases> {
    const aliases = new Map<string, string[]>();
    for await (const { alias, version } of this.#registry.aliases(name, { signal: this.#signal })) {
      aliases.set(version, [...aliases.get(version) ?? [], alias]);
    }
    return aliases;
  }

  /** Returns a version; undefined if it cannot be read. */
  async #read(
    { name, version, generation, modifiedAt, annotations, info }: ListedVersion,
    aliases: Aliases,
    known: KnownVersion = { isNext: false },
  ): Promise<ReadVersion | undefined> {
    try {
      const isListed = generation !== undefined;
      // A restored store may have another record of the same generation.
      const key = `${generation} ${modifiedAt?.getTime()}`;
      const asked = { annotations: !isListed, signal: this.#signal };
      const same = isListed && known.row?.key === key ? known.row : undefined;
      const facts = same?.found ??
        factsOf(info ?? await this.#registry.info(`${name}@${version}`, asked));
      const { labels, notes }: Pick<Partial<Annotations>, "labels" | "notes"> = isListed
        ? annotations ?? {}
        : facts;
      const { metadata, kind, createdAt, size, by } = facts;
      const about = { aliases: aliases.get(version) ?? [], metadata, labels, notes };
      const found = { name, version, ...about, kind, createdAt, size, by };
      const isKnown = known.isNext && same !== undefined && isEqual(same.found, found);
      return { row: { key, found }, isKnown };
    } catch (error) {
      this.#skip(`${name}@${version}`, error);
      return undefined;
    }
  }

  /** Throws only if no name can be read now. Its error is for all, so it has no name. */
  #skip(ref: string, error: unknown): void {
    if (!isRegistryError(error)) throw error;
    if (OF_ALL_NAMES.has(error.code)) {
      throw retold(error, { action: "read the index", subject: undefined, key: undefined });
    }
    this.#logger.warn(`Cannot search ${JSON.stringify(ref)}: ${error.message}`);
  }
}

/** Compares what may change while a version stays. */
function isEqual(a: IndexedVersion, b: IndexedVersion): boolean {
  const changing = ({ aliases, labels, notes }: IndexedVersion) =>
    JSON.stringify([aliases, labels, notes]);
  return changing(a) === changing(b);
}

function factsOf(info: ArtifactInfo): Omit<IndexedVersion, "aliases"> {
  const { name, version, createdAt, size, metadata, materializer: { id: kind } } = info;
  const { labels, notes } = info.annotations ?? {};
  const by = info.by?.name;
  return {
    name,
    version,
    kind,
    createdAt: createdAt.toISOString(),
    by,
    size,
    metadata,
    labels,
    notes,
  };
}

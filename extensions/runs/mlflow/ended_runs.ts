// The runs of versions, as a service remembers them for its searches. A search asks the store only for
// the versions that are newer than those that are known. It lists all of them after a delete through
// this service, and once a minute for those of other programs.
import type { ArtifactInfo, Registry, System, VersionEntry } from "../../../mod.ts";
import { inTurns, mapAtOnce, orMissing } from "../../../core/kernel.ts";
import type { StoredRun } from "./stored_run.ts";

/** How long deletes by other programs may be unseen. */
const FRESH_MS = 60_000;
/** Parameters, tags and metrics of remembered runs: about 100 MB. */
const MOST_VALUES = 1_000_000;
/** The characters of a value. A longer one counts as several. */
const LONG = 100;
/** The memory of a run beside them, counted in values. */
const RUN = 10;

interface EndedRun {
  /** The write of the version. */
  readonly written: string;
  /** Undefined if a program without runs saved it. */
  readonly run: StoredRun | undefined;
  /** Its share of `MOST_VALUES`. */
  readonly values: number;
}

interface KnownRuns {
  /** Newest first. */
  readonly runs: readonly EndedRun[];
  readonly values: number;
  /** When all versions were listed, on the monotonic clock. */
  readonly listedAt: number;
  /** The last delete before that. */
  readonly mark: number;
}

export interface EndedRunsOptions {
  readonly system: Pick<System, "monotonic">;
  /** The names of which versions were deleted or restored since a mark. Some are missing if it is cut. */
  readonly deletes: {
    since(mark: number): Promise<{ mark: number; names: string[]; isCut: boolean }>;
  };
}

/** Returns the run of a version. */
type ReadRun = (info: ArtifactInfo) => Promise<StoredRun | undefined>;

export class EndedRuns {
  readonly #registry: Registry;
  readonly #options: EndedRunsOptions;
  /** By name. */
  readonly #known = new Map<string, KnownRuns>();
  /** The values of all names. */
  #values = 0;

  constructor(registry: Registry, options: EndedRunsOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  /**
   * Yields the runs of a name that have ended, those of its newest versions first. Known ones come at
   * once: a step for each of 10,000 runs would take longer than to compare them.
   */
  async *of(name: string, readRun: ReadRun): AsyncGenerator<readonly StoredRun[]> {
    const { system, deletes } = this.#options;
    const known = this.#known.get(name);
    const { mark, names, isCut } = await deletes.since(known?.mark ?? 0);
    const now = system.monotonic();
    const isFresh = known !== undefined && now - known.listedAt < FRESH_MS &&
      mark >= known.mark && !isCut && !names.includes(name);
    const runs: EndedRun[] = [];
    let values = 0;
    for await (
      const some of isFresh ? this.#newer(name, known, readRun) : this.#all(name, known, readRun)
    ) {
      for (const each of some) {
        values += each.values;
        if (values <= MOST_VALUES) runs.push(each);
      }
      yield some.map(({ run }) => run).filter((run) => run !== undefined);
    }
    this.#forget(name);
    if (values === 0 || values > MOST_VALUES) return; // read again by each search
    const listed = isFresh ? known : { listedAt: now, mark };
    this.#known.set(name, { ...listed, runs, values });
    this.#values += values;
    for (const oldest of this.#known.keys()) {
      if (this.#values <= MOST_VALUES) return;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    this.#values -= this.#known.get(name)?.values ?? 0;
    this.#known.delete(name);
  }

  /** Yields the versions that are newer than the newest known one, then the known ones. */
  async *#newer(
    name: string,
    { runs }: KnownRuns,
    readRun: ReadRun,
  ): AsyncGenerator<readonly EndedRun[]> {
    const places = new Map(runs.map(({ written }, place) => [written, place]));
    const newer: VersionEntry[] = [];
    let from = runs.length;
    for await (const entry of inTurns(this.#registry.versions(name))) {
      const place = places.get(writtenAs(entry));
      if (place === undefined) newer.push(entry);
      else {
        from = place; // those before it were deleted
        break;
      }
    }
    yield* this.#read(newer, readRun);
    yield runs.slice(from);
  }

  async *#all(
    name: string,
    known: KnownRuns | undefined,
    readRun: ReadRun,
  ): AsyncGenerator<readonly EndedRun[]> {
    const runs = new Map(known?.runs.map((each) => [each.written, each]));
    if (runs.size === 0) return yield* this.#details(name, readRun);
    const entries = await Array.fromAsync(inTurns(this.#registry.versions(name)));
    const missing = entries.filter((entry) => !runs.has(writtenAs(entry)));
    if (missing.length > entries.length / 2) return yield* this.#details(name, readRun);
    for await (const [each] of this.#read(missing, readRun)) runs.set(each.written, each);
    yield entries.map((entry) => runs.get(writtenAs(entry))).filter((each) => each !== undefined);
  }

  /** Reads all versions: one list is faster than many reads. */
  async *#details(name: string, readRun: ReadRun): AsyncGenerator<[EndedRun]> {
    const listed = this.#registry.versions(name, { details: true, withoutFiles: true });
    for await (const entry of inTurns(listed)) {
      const each = await ended(entry, { info: entry.info, readRun });
      if (each !== undefined) yield [each];
    }
  }

  async *#read(
    entries: readonly VersionEntry[],
    readRun: ReadRun,
  ): AsyncGenerator<[EndedRun]> {
    const read = mapAtOnce(entries, async (entry) => {
      const { name, version } = entry;
      const asked = { range: version, details: true, withoutFiles: true, limit: 1 };
      for await (const { info } of this.#registry.versions(name, asked)) {
        return await ended(entry, { info, readRun });
      }
    });
    for await (const each of read) if (each !== undefined) yield [each];
  }
}

/** Returns undefined if the version was deleted meanwhile: it may be restored. */
async function ended(
  entry: VersionEntry,
  { info, readRun }: { info: ArtifactInfo | undefined; readRun: ReadRun },
): Promise<EndedRun | undefined> {
  if (info === undefined) return undefined;
  const found = await orMissing(readRun(info).then((run) => ({ run })));
  return found && { written: writtenAs(entry), ...found, values: valuesOf(found.run) };
}

function valuesOf(run: StoredRun | undefined): number {
  if (run === undefined) return RUN;
  const texts = [...run.params.values(), ...run.tags.values()];
  const ofTexts = texts.reduce((sum, { length }) => sum + Math.max(1, length / LONG), 0);
  return RUN + Math.ceil(ofTexts) + run.metrics.length;
}

/** Returns the key of one write of a version. */
function writtenAs({ version, generation, modifiedAt }: VersionEntry): string {
  return `${version} ${generation} ${modifiedAt.getTime()}`;
}

// The runs of versions, as a service remembers them for its searches. A search asks the store only for
// the versions that are newer than those that are known. It lists all of them after a delete through
// this service, and once a minute for those of other programs.
import type { ArtifactInfo, VersionEntry } from "../../mod.ts";
import { isRegistryError, mapAtOnce, type Registry, type System } from "../../core/kernel.ts";
import type { GatewayMemory } from "../../apps/gateways.ts";
import type { StoredRun } from "../../runs/mlflow/stored_run.ts";

/** How long deletes by other programs may be unseen. */
const FRESH_MS = 60_000;
/** Parameters, tags and metrics of remembered runs: about 100 MB. */
const MOST_VALUES = 1_000_000;
/** The memory of a run beside them, counted in values. */
const RUN = 10;

interface EndedRun {
  /** The write of the version. */
  readonly written: string;
  /** Undefined if a program without runs saved it. */
  readonly run: StoredRun | undefined;
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
  readonly deletes: GatewayMemory["deletes"];
  /** Returns the run of a version. */
  readRun(info: ArtifactInfo): Promise<StoredRun | undefined>;
}

export class EndedRuns {
  readonly #registry: Registry;
  readonly #options: EndedRunsOptions;
  /** By name. */
  readonly #known = new Map<string, KnownRuns>();

  constructor(registry: Registry, options: EndedRunsOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  /** Yields the runs of a name that have ended, those of its newest versions first. */
  async *of(name: string): AsyncGenerator<StoredRun> {
    const { system, deletes } = this.#options;
    const known = this.#known.get(name);
    const { mark, names, isCut } = await deletes.since(known?.mark ?? 0);
    const now = system.monotonic();
    const isFresh = known !== undefined && now - known.listedAt < FRESH_MS &&
      mark >= known.mark && !isCut && !names.includes(name);
    const runs: EndedRun[] = [];
    let values = 0;
    for await (const each of isFresh ? this.#newer(name, known) : this.#all(name, known)) {
      values += valuesOf(each);
      if (values <= MOST_VALUES) runs.push(each);
      if (each.run !== undefined) yield each.run;
    }
    this.#known.delete(name);
    if (values > MOST_VALUES) return; // read again by each search
    const listed = isFresh ? known : { listedAt: now, mark };
    this.#known.set(name, { ...listed, runs, values });
    this.#forget();
  }

  /** Yields the versions that are newer than the newest known one, then the known ones. */
  async *#newer(name: string, { runs }: KnownRuns): AsyncGenerator<EndedRun> {
    const newer: VersionEntry[] = [];
    let from = -1;
    for await (const entry of this.#registry.versions(name)) {
      from = runs.findIndex(({ written }) => written === writtenAs(entry));
      if (from >= 0) break; // those before it were deleted
      newer.push(entry);
    }
    yield* this.#read(newer);
    if (from >= 0) yield* runs.slice(from);
  }

  async *#all(name: string, known: KnownRuns | undefined): AsyncGenerator<EndedRun> {
    const runs = new Map(known?.runs.map((each) => [each.written, each]));
    if (runs.size === 0) return yield* this.#details(name);
    const entries = await Array.fromAsync(this.#registry.versions(name));
    const missing = entries.filter((entry) => !runs.has(writtenAs(entry)));
    if (missing.length > entries.length / 2) return yield* this.#details(name);
    for await (const each of this.#read(missing)) runs.set(each.written, each);
    for (const entry of entries) {
      const each = runs.get(writtenAs(entry));
      if (each !== undefined) yield each;
    }
  }

  /** Reads all versions: one list is faster than many reads. */
  async *#details(name: string): AsyncGenerator<EndedRun> {
    for await (const entry of this.#registry.versions(name, { details: true })) {
      yield await this.#ended(entry, entry.info);
    }
  }

  async *#read(entries: readonly VersionEntry[]): AsyncGenerator<EndedRun> {
    yield* mapAtOnce(entries, async (entry) => {
      const { name, version } = entry;
      const info = await this.#registry.info(name, { version }).catch(ignoreMissing);
      return await this.#ended(entry, info);
    });
  }

  async #ended(entry: VersionEntry, info: ArtifactInfo | undefined): Promise<EndedRun> {
    return { written: writtenAs(entry), run: info && await this.#options.readRun(info) };
  }

  /** Forgets the names that were searched longest ago. */
  #forget(): void {
    let all = [...this.#known.values()].reduce((sum, { values }) => sum + values, 0);
    for (const [name, { values }] of this.#known) {
      if (all <= MOST_VALUES) return;
      this.#known.delete(name);
      all -= values;
    }
  }
}

function valuesOf({ run }: EndedRun): number {
  return RUN + (run === undefined ? 0 : run.params.size + run.tags.size + run.metrics.length);
}

/** Returns the key of one write of a version. */
function writtenAs({ version, generation, modifiedAt }: VersionEntry): string {
  return `${version} ${generation} ${modifiedAt.getTime()}`;
}

function ignoreMissing(error: unknown): undefined {
  if (!isRegistryError(error, "NotFound")) throw error;
}

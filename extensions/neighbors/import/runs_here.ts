// The runs of the names that an import writes to.
import type { ArtifactInfo, Registry } from "../../../mod.ts";
import { isJsonObject } from "../../../core/kernel.ts";
import { RunFinder } from "../../runs/mlflow/find_run.ts";
import { runIdOf, type RunKey } from "../../runs/mlflow/ids.ts";
import { hasEnded, runIdIn, runIn } from "../../runs/mlflow/stored_run.ts";
import { isOwnFile } from "./files_of_run.ts";
import type { FoundRun, ImportedRun } from "./records.ts";

interface OfName {
  /** The newest version of each run; undefined if it was deleted. */
  readonly runs: Map<string, ImportedRun | undefined>;
  /** All versions, also deleted ones, and those that this import saved. */
  readonly taken: Set<string>;
  readonly saved: Set<string>;
}

/** The generation of the version to save, or why the run stays as it is. */
interface Next {
  readonly generation?: number;
  readonly reason?: string;
  /** True if the version here lacks something. */
  readonly isFailure?: boolean;
  readonly instead?: FoundRun;
}

type RunVersion = Parameters<typeof runIn>[0] & Pick<ArtifactInfo, "files">;

export class RunsHere {
  readonly #registry: Registry;
  readonly #signal: AbortSignal | undefined;
  readonly #finder: RunFinder;
  readonly #names = new Map<string, OfName>();
  /** Ids of runs whose versions here lack something. */
  readonly #lacking = new Set<string>();

  constructor(registry: Registry, signal?: AbortSignal) {
    this.#registry = registry;
    this.#signal = signal;
    this.#finder = new RunFinder(registry);
  }

  async of(name: string): Promise<OfName> {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const found: OfName = { runs: new Map(), taken: new Set(), saved: new Set() };
    for (const deleted of [false, true]) {
      const options = { deleted, details: true, signal: this.#signal };
      for await (const { version, info } of this.#registry.versions(name, options)) {
        found.taken.add(version);
        const id = info && runIdIn(info);
        if (info === undefined || id === undefined) continue;
        const own = importedRun(version, info), before = found.runs.get(id); // the newest come first
        if (before === undefined) found.runs.set(id, deleted ? undefined : own);
        else if (endOf(own) > endOf(before)) {
          // A deleted version that ended later is not imported again.
          found.runs.set(id, { ...before, endedMs: own.endedMs });
        }
      }
    }
    this.#names.set(name, found);
    return found;
  }

  /** True if the version of a run here was found to lack something of its source. */
  lacks(key: RunKey): boolean {
    return this.#lacking.has(runIdOf(key));
  }

  async next(
    found: FoundRun,
    { update, partial }: { update?: boolean; partial?: boolean },
  ): Promise<Next> {
    const { key, changed, version, instead } = found;
    const { runs } = await this.of(key.name), before = runs.get(key.id);
    if (!runs.has(key.id)) return { generation: 1 };
    const change = before && await changed?.(before);
    if (change !== undefined && version !== undefined) return { reason: change, instead };
    const isIncomplete = change === undefined && before !== undefined && version === undefined &&
      before.counted !== "whole" && !partial;
    const lack = isIncomplete ? await lackOf(found, before) : undefined;
    const reason = change ?? lack;
    if (lack !== undefined) this.#lacking.add(runIdOf(key));
    if (reason === undefined) return {};
    if (!update) {
      return { reason: `${reason}; import it with --update`, isFailure: lack !== undefined };
    }
    const { state, generation } = await this.#finder.find(key);
    return state === "ended"
      ? { generation: generation + 1 }
      : { reason: `${reason}, and it was resumed here` };
  }
}

/**
 * Returns what the version of a run here lacks. Imports by early programs did not count, and those
 * with `--partial` leave out what they cannot read.
 */
async function lackOf({ open }: FoundRun, before: ImportedRun): Promise<string | undefined> {
  const { status, left, has, points, problems } = await open();
  if (left !== undefined || !hasEnded(status)) return undefined;
  const isPartial = before.counted === "partial";
  if (isPartial) { for await (const _ of points); // which may add problems
   }
  const what = `its version ${before.version} here`, [problem] = problems;
  if (problem !== undefined) return `${what} may lack something: ${problem}`;
  if (isPartial) return `${what} lacks what could not be read then`;
  const { files = 0 } = has;
  return before.files < files ? `${what} has ${before.files} of its ${files} files` : undefined;
}

export function importedRun(version: string, info: RunVersion): ImportedRun {
  const { status, endedMs, tags } = runIn(info), { imported } = info.metadata;
  return {
    version,
    status,
    endedMs,
    commit: tags.get("mlflow.source.git.commit"),
    files: info.files.filter((file) => !isOwnFile(file.path, info)).length,
    counted: !isJsonObject(imported)
      ? undefined
      : imported.problems === undefined
      ? "whole"
      : "partial",
  };
}

function endOf({ endedMs = 0 }: ImportedRun): number {
  return endedMs;
}

// The runs of the names that an import writes to.
import type { Registry } from "../../core/kernel.ts";
import { RunFinder } from "../../runs/mlflow/find_run.ts";
import { runIdIn, runIn, type RunVersion } from "../../runs/mlflow/stored_run.ts";
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
  readonly instead?: FoundRun;
}

export class RunsHere {
  readonly #registry: Registry;
  readonly #signal: AbortSignal | undefined;
  readonly #finder: RunFinder;
  readonly #names = new Map<string, OfName>();

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

  async next(found: FoundRun, { update }: { update?: boolean }): Promise<Next> {
    const { key, changed, version, instead } = found;
    const { runs } = await this.of(key.name), before = runs.get(key.id);
    if (!runs.has(key.id)) return { generation: 1 };
    const reason = before && await changed?.(before);
    if (reason === undefined) return {};
    if (version !== undefined) return { reason, instead };
    if (!update) return { reason: `${reason}; import it with --update` };
    const { state, generation } = await this.#finder.find(key);
    return state === "ended"
      ? { generation: generation + 1 }
      : { reason: `${reason}, and it was resumed here` };
  }
}

export function importedRun(version: string, info: RunVersion): ImportedRun {
  const { status, endedMs, tags } = runIn(info);
  return { version, status, endedMs, commit: tags.get("mlflow.source.git.commit") };
}

function endOf({ endedMs = 0 }: ImportedRun): number {
  return endedMs;
}

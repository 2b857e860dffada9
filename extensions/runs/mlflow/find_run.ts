// The place of a run: a draft while it goes on, and a version once it has ended. A run that was
// changed after its end has further versions, and one that was resumed has further drafts. All of
// them have ids that follow from that of the run, so they are found without a list:
//
//   run:7f3c…      the draft of the run, whose commit saves its first version
//   run:7f3c…~2    the next draft, or the key of the save of the next version
import type { Registry } from "../../../mod.ts";
import { keepNewest, mapAtOnce, orMissing } from "../../../core/kernel.ts";
import { recordsOf } from "../../../registry/records.ts";
import type { RunFacts, RunName } from "../../../core/registry/run.ts";
import { checkFacts, lookAtRun, lookIn, type RunLook } from "../look_at_run.ts";
import { addFacts } from "../run_facts.ts";

export { namesWithDrafts } from "../listed_runs.ts";
import { noSuchRun, runIdOf, type RunKey } from "./ids.ts";

/** A run that has ended, as its newest version. */
export interface EndedRun {
  readonly state: "ended";
  readonly key: RunKey;
  readonly generation: number;
  readonly version: string;
}

/** A run that goes on, in its draft. */
export interface OpenRun {
  readonly state: "open";
  readonly key: RunKey;
  readonly generation: number;
  /** The id of the run of this registry. */
  readonly id: string;
  readonly look: RunLook;
  /** A program is saving its version, or was killed then. */
  readonly isEnding: boolean;
  /** The version that it goes on from. */
  readonly before?: EndedRun;
  /** The time of the monotonic clock until which its list may be used again; see `LONG_MS`. */
  readonly untilMs: number;
}

export type FoundRun = EndedRun | OpenRun;

/** Runs whose newest known version is remembered. */
const MOST_KNOWN = 50_000;
/** Parts of all runs whose lists are kept. Each takes about 1 KiB. */
const MOST_PARTS = 200_000;
/** A list that took `LONG_MS` or more is used for `PER_LIST` times as long, up to `MOST_AGE_MS`. */
const LONG_MS = 50, PER_LIST = 20, MOST_AGE_MS = 30_000;

/** Returns the id of a run of this registry. */
export function idOfGeneration({ id }: RunKey, generation: number): string {
  return generation === 1 ? id : `${id}~${generation}`;
}

/** Returns the idempotency key of the version of a generation: that of the commit of its draft. */
export function saveKeyOf(key: RunKey, generation: number): string {
  return `draft:run:${idOfGeneration(key, generation)}`;
}

/** Returns the run and the generation of an id of this registry. */
function generationOf(id: string): { id: string; generation: number } {
  const [, own = id, generation = "1"] = /^(.+)~(\d+)$/.exec(id) ?? [];
  return { id: own, generation: Number(generation) };
}

export class RunFinder {
  readonly #registry: Registry;
  /** The first place to look: a generation that has a version has it for ever. */
  readonly #known = new Map<string, EndedRun>();
  /** Runs that take long to list, the last used one at the end. */
  readonly #listed = new Map<string, OpenRun>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  #records() {
    return recordsOf(this.#registry, "look at a run");
  }

  /** Yields the runs of a name that go on. Those that are known to have ended cost no request. */
  async *open(name: string): AsyncGenerator<OpenRun> {
    const { runIdsHere } = await import("../open_run.ts"); // imports ask for no list
    const isEnded = ({ id, generation }: ReturnType<typeof generationOf>) =>
      (this.#known.get(runIdOf({ name, id }))?.generation ?? 0) >= generation;
    const found = mapAtOnce(runIdsHere(this.#registry, name), async (listed) => {
      const its = generationOf(listed);
      return isEnded(its) ? undefined : await orMissing(this.find({ name, id: its.id }));
    });
    const seen = new Set<string>();
    for await (const run of found) {
      if (run?.state !== "open" || seen.has(run.key.id)) continue;
      seen.add(run.key.id);
      yield run;
    }
  }

  /** Throws `RESOURCE_DOES_NOT_EXIST` for a run that nobody began, or that was discarded. */
  async find(key: RunKey): Promise<FoundRun> {
    const found = await this.look(key);
    if (found === undefined || found.state === "discarded") throw noSuchRun(runIdOf(key));
    return found;
  }

  /**
   * Finds a run in order to add parts by `look.draft`. A run that `keep` was called with is not listed
   * again: parts that other programs added meanwhile may be missing.
   */
  async lookToAdd(key: RunKey): ReturnType<RunFinder["look"]> {
    const runId = runIdOf(key), kept = this.#listed.get(runId);
    this.#listed.delete(runId); // a failed call does not keep it again
    const isRecent = kept !== undefined && this.#records().system.monotonic() < kept.untilMs;
    return isRecent ? { ...kept, look: lookIn(kept.look.draft) } : await this.look(key);
  }

  /** Gives a run facts, in place of those that it has, also before it begins. `without` are parameters. */
  async giveFacts(
    run: RunName,
    facts: RunFacts & { readonly without?: readonly string[] },
  ): Promise<void> {
    checkFacts(run, facts);
    const records = this.#records(), known = await lookAtRun(records, run);
    await addFacts(records, run, { known, ...facts, replace: true });
  }

  /** Keeps a run for `lookToAdd` if it takes long to list. This program must add to it only by `look.draft`. */
  keep(run: OpenRun): void {
    if (this.#records().system.monotonic() >= run.untilMs) return;
    this.#listed.set(runIdOf(run.key), run);
    let parts = 0;
    for (const { look } of this.#listed.values()) parts += look.draft.parts.size;
    for (const [runId, { look }] of this.#listed) {
      if (parts <= MOST_PARTS) break;
      this.#listed.delete(runId);
      parts -= look.draft.parts.size;
    }
  }

  /** Finds a run; undefined if nobody began it. A draft is listed once. */
  async look(key: RunKey): Promise<FoundRun | { readonly state: "discarded" } | undefined> {
    const runId = runIdOf(key);
    const records = this.#records(), { system } = records;
    let before = this.#known.get(runId);
    for (let generation = (before?.generation ?? 0) + 1;; generation++) {
      const id = idOfGeneration(key, generation), begunMs = system.monotonic();
      const look = await lookAtRun(records, { name: key.name, id });
      const now = await look.draft.state(), { state } = now;
      if (now.state === "committed") {
        before = { state: "ended", key, generation, version: now.version };
        this.#known.set(runId, before);
        keepNewest(this.#known, MOST_KNOWN);
        continue;
      }
      if (state === "open" && look.first !== undefined || state === "committing") {
        const nowMs = system.monotonic(), tookMs = nowMs - begunMs;
        const ageMs = tookMs < LONG_MS ? 0 : Math.min(PER_LIST * tookMs, MOST_AGE_MS);
        const isEnding = state === "committing", untilMs = nowMs + ageMs;
        return { state: "open", key, generation, id, look, isEnding, before, untilMs };
      }
      return before ?? (state === "discarded" ? { state } : undefined);
    }
  }
}

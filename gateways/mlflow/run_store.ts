// Reads runs: while they go on from their drafts, then from their versions.
import type { Artifact, ArtifactInfo } from "../../mod.ts";
import type { ArtifactFile } from "../../materializers/mod.ts";
import { isRegistryError, keepNewest, type Registry, valueAt } from "../../core/kernel.ts";
import { type LoggedRunPage, readLoggedRun } from "../../runs/mod.ts";
import { openRunFiles } from "../../runs/look_at_run.ts";
import type { Access, GatewayContext } from "../../apps/server/extending.ts";
import { mayHave, newestFiles, shownFiles, TAKEN_OVER } from "./artifacts.ts";
import { EndedRuns } from "./ended_runs.ts";
import {
  type EndedRun,
  type FoundRun,
  type OpenRun,
  RunFinder,
} from "../../runs/mlflow/find_run.ts";
import { noSuchRun, runIdOf, type RunKey } from "../../runs/mlflow/ids.ts";
import { LastMetrics, type Metric, metricsIn } from "../../runs/mlflow/points.ts";
import {
  isOwnTag,
  linesOf,
  readVersion,
  runIdIn,
  runIn,
  type StoredRun,
} from "../../runs/mlflow/stored_run.ts";
import { textsOf, timesIn } from "../../runs/mlflow/stored_run.ts";

/** Runs that go on whose metrics are remembered: later reads begin where the last one ended. */
const MOST_SEEN = 100;

interface SeenPoints {
  after: string;
  readonly last: LastMetrics;
  /** Reads of one run follow each other. */
  reading: Promise<unknown>;
}

interface KeptFile {
  path: string;
  part: string;
  addedAt?: Date;
  file: ArtifactFile;
}

export class RunStore {
  readonly registry: Registry;
  readonly #finder: RunFinder;
  readonly #seen = new Map<string, SeenPoints>();
  readonly #ended: EndedRuns;

  constructor({ registry, system, memory: { deletes } }: GatewayContext) {
    this.registry = registry;
    this.#finder = new RunFinder(registry);
    const readRun = (info: ArtifactInfo) => this.#endedIn(info);
    this.#ended = new EndedRuns(registry, { system, deletes, readRun });
  }

  async find(key: RunKey): Promise<FoundRun> {
    return await this.#finder.find(key);
  }

  /** Returns a run with the last value of each metric. Throws `Denied` for the run of another. */
  async read(key: RunKey, access: Access): Promise<StoredRun> {
    const found = await this.find(key);
    const isOpen = found.state === "open";
    return this.own(isOpen ? await this.readOpen(found) : await this.#readEnded(found), access);
  }

  /** Throws `Denied` unless a token began a run, or may read its name. */
  own<T extends Pick<StoredRun, "key" | "token">>(run: T, access: Access): T {
    const isOwn = run.token !== undefined && run.token === access.token;
    if (!isOwn) access.check("read", run.key.name);
    return run;
  }

  async #readEnded({ key, version }: EndedRun): Promise<StoredRun> {
    const { name } = key;
    try {
      return await readVersion(await this.registry.open(name, { version }));
    } catch (error) {
      if (!isRegistryError(error, "NotFound")) throw error;
    }
    const deleted = { deleted: true, details: true, range: version, limit: 1 };
    for await (const { info } of this.registry.versions(name, deleted)) {
      if (info === undefined) continue;
      const run = runIn(info);
      return { ...run, metrics: run.metrics ?? [], token: info.by?.token, isDeleted: true };
    }
    throw noSuchRun(runIdOf(key));
  }

  /** Opens the version of a run that has ended. */
  async openVersion({ key: { name, id }, version }: EndedRun): Promise<Artifact> {
    try {
      return await this.registry.open(name, { version });
    } catch (error) {
      if (!isRegistryError(error, "NotFound")) throw error;
      throw noSuchRun(runIdOf({ name, id }));
    }
  }

  /**
   * Opens the artifacts of a run; with a path, at least that one. Those of a run that goes on have no
   * version yet.
   */
  async openArtifacts(key: RunKey, path?: string): Promise<Artifact> {
    const found = await this.find(key);
    if (found.state === "ended") return shownFiles(await this.openVersion(found));
    const { id, before } = found;
    const parts = await openRunFiles(
      this.registry,
      { name: key.name, id },
      (part) => mayHave(part, path),
    );
    const earlier = before && shownFiles(await this.openVersion(before));
    const newest = newestFiles<KeptFile>([
      ...parts.map((file) => ({ ...file, path: file.info.path, file })),
      ...(earlier?.files() ?? []).map((file) => ({ path: file.info.path, part: TAKEN_OVER, file })),
    ]);
    const files = new Map(newest.map(({ path, file }) => [path, file]));
    const addedAt = newest.map(({ addedAt }) => Number(addedAt ?? 0));
    const info = {
      name: key.name,
      version: "0.0.0",
      commit: id,
      generation: 0,
      digest: "",
      size: 0,
      createdAt: new Date(addedAt.reduce((last, time) => Math.max(last, time), 0)),
      materializer: { id: "folder", formatVersion: 1 },
      metadata: {},
      inputs: [],
      files: [...files.values()].map(({ info }) => info),
    };
    return { info, files: () => [...files.values()], file: (path = "") => valueAt(files, path) };
  }

  async readOpen(found: OpenRun): Promise<StoredRun> {
    const seenAs = `${found.key.name}@${found.id}`;
    const seen = this.#seen.get(seenAs) ??
      { after: "", last: new LastMetrics(), reading: Promise.resolve() };
    this.#seen.set(seenAs, seen);
    keepNewest(this.#seen, MOST_SEEN);
    const reading = seen.reading.then(() => this.#readOn(found, seen));
    seen.reading = reading.catch(() => {});
    return await reading;
  }

  /** Reads the points that are new. */
  async #readOn({ key, id, before }: OpenRun, seen: SeenPoints): Promise<StoredRun> {
    if (seen.after === "" && before !== undefined) {
      for await (const metric of this.#ofVersion(before)) seen.last.add(metric);
    }
    for (;;) {
      const page = await readLoggedRun(this.registry, key.name, { id, after: seen.after });
      const run = runOfPage(key, page);
      for (const metric of inLines(page, run.startedMs)) seen.last.add(metric);
      seen.after = page.next;
      if (!page.more) return { ...run, metrics: seen.last.all };
    }
  }

  /** Yields the runs of a name that go on, then the others; or those that were deleted. */
  async *runsOf(name: string, { deleted = false } = {}): AsyncGenerator<readonly StoredRun[]> {
    const seen = new Set<string>();
    for await (const found of deleted ? [] : this.#finder.open(name)) {
      seen.add(found.key.id);
      yield [await this.readOpen(found)];
    }
    const isNew = ({ key }: StoredRun) => !seen.has(key.id) && seen.add(key.id) !== undefined;
    for await (const runs of deleted ? this.#deletedOf(name) : this.#ended.of(name)) {
      yield runs.filter(isNew);
    }
  }

  async *#deletedOf(name: string): AsyncGenerator<[StoredRun]> {
    for await (const { info } of this.registry.versions(name, { details: true, deleted: true })) {
      if (info === undefined || runIdIn(info) === undefined) continue;
      const run = runIn(info);
      yield [{ ...run, metrics: run.metrics ?? [], token: info.by?.token, isDeleted: true }];
    }
  }

  async #endedIn(info: ArtifactInfo): Promise<StoredRun | undefined> {
    if (runIdIn(info) === undefined) return undefined;
    const { metrics, ...run } = runIn(info);
    if (metrics !== undefined) return { ...run, metrics, token: info.by?.token };
    const { name, version } = info;
    return await readVersion(await this.registry.open(name, { version }));
  }

  /** Yields all points, in the order in which they are stored. */
  async *history(key: RunKey, access: Access): AsyncGenerator<Metric> {
    const found = await this.find(key);
    if (found.state === "ended") {
      const artifact = await this.openVersion(found);
      this.own({ ...runIn(artifact.info), metrics: [], token: artifact.info.by?.token }, access);
      return yield* this.#metricsOf(artifact);
    }
    const { id, before } = found;
    for (let after = "", isFirst = true;; isFirst = false) {
      const page = await readLoggedRun(this.registry, key.name, { id, after });
      const run = this.own(runOfPage(key, page), access);
      if (isFirst && before !== undefined) yield* this.#ofVersion(before);
      yield* inLines(page, run.startedMs);
      if (!page.more) return;
      after = page.next;
    }
  }

  async *#ofVersion(found: EndedRun): AsyncGenerator<Metric> {
    yield* this.#metricsOf(await this.openVersion(found));
  }

  async *#metricsOf(artifact: Artifact): AsyncGenerator<Metric> {
    const { startedMs } = runIn(artifact.info);
    for await (const line of linesOf(artifact)) yield* metricsIn(line, startedMs);
  }
}

function* inLines({ lines }: LoggedRunPage, startedMs: number): Generator<Metric> {
  for (const line of lines.split("\n")) if (line !== "") yield* metricsIn(line, startedMs);
}

function runOfPage(key: RunKey, { params, tags, startedAt, by }: LoggedRunPage): StoredRun {
  return {
    key,
    ...timesIn(tags, startedAt),
    params: textsOf(params),
    tags: new Map([...textsOf(tags)].filter(([key]) => !isOwnTag(key))),
    metrics: [],
    token: by?.token,
  };
}

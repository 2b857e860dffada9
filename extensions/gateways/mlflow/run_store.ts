// Reads runs: while they go on from their drafts, then from their versions.
import type { ArtifactInfo, Registry } from "../../../mod.ts";
import { giveWay, inTurns, isRegistryError, keepNewest, orMissing } from "../../../core/kernel.ts";
import { type LoggedRunPage, readLoggedRun } from "../../runs/mod.ts";
import { openRunFiles } from "../../runs/look_at_run.ts";
import type { Access, GatewayContext, ReadablePages } from "../../../apps/gateways.ts";
import { readablePages } from "../../../apps/server/extending.ts";
import { type Artifacts, artifactsOf } from "./artifacts.ts";
import { EndedRuns } from "../../runs/mlflow/ended_runs.ts";
import { noSuchLoggedModel } from "./errors.ts";
import { openDeleted } from "./open_deleted.ts";
import {
  type EndedRun,
  type FoundRun,
  type OpenRun,
  RunFinder,
} from "../../runs/mlflow/find_run.ts";
import { noSuchRun, runIdOf, type RunKey } from "../../runs/mlflow/ids.ts";
import { asVersion, mayHave, type SentFile, TAKEN_OVER } from "../../runs/mlflow/file_parts.ts";
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

/** Options of a search of runs. */
interface AskedRuns {
  readonly access: Access;
  readonly deleted: boolean;
}

export class RunStore {
  readonly registry: Registry;
  readonly #openPages: GatewayContext["openPages"];
  readonly #finder: RunFinder;
  readonly #seen = new Map<string, SeenPoints>();
  readonly #ended: EndedRuns;

  constructor({ registry, system, openPages, memory: { deletes } }: GatewayContext) {
    this.registry = registry;
    this.#openPages = openPages;
    this.#finder = new RunFinder(registry);
    this.#ended = new EndedRuns(registry, { system, deletes });
  }

  /**
   * Finds a run. To a token that may not read its name, each run that is missing is `Denied`, as those
   * of others are.
   */
  async find(key: RunKey, access: Access): Promise<FoundRun> {
    try {
      return await this.#finder.find(key);
    } catch (error) {
      if (isRegistryError(error, "NotFound")) access.check("read", key.name);
      throw error;
    }
  }

  /** Returns a run with the last value of each metric. Throws `Denied` for the run of another. */
  async read(key: RunKey, access: Access): Promise<StoredRun> {
    const found = await this.find(key, access);
    if (found.state === "open") return this.own(await this.readOpen(found, access), access);
    const { version, isDeleted } = await this.#openEnded(found, access);
    this.own({ key, token: version.info.by?.token }, access);
    const run = await readVersion(version);
    return isDeleted ? { ...run, isDeleted } : run;
  }

  /** Returns a logged model that is there. */
  async readModel(key: RunKey, access: Access): Promise<StoredRun> {
    const run = await orMissing(this.read(key, access));
    if (run === undefined || run.isDeleted) throw noSuchLoggedModel(runIdOf(key));
    return run;
  }

  /** Throws `Denied` unless a token began a run, or may read its name. */
  own<T extends Pick<StoredRun, "key" | "token">>(run: T, access: Access): T {
    const isOwn = run.token !== undefined && run.token === access.token;
    if (!isOwn) access.check("read", run.key.name);
    return run;
  }

  /** Opens the version of a run that has ended, also one that was deleted while its files are there. */
  async #openEnded(
    found: EndedRun,
    access: Access,
  ): Promise<{ version: ReadablePages; isDeleted?: true }> {
    try {
      return { version: await this.openVersion(found, access) };
    } catch (error) {
      if (!isRegistryError(error, "NotFound")) throw error;
    }
    const { key: { name, id }, version } = found;
    const artifact = await openDeleted(this.registry, { name, version });
    if (artifact === undefined) throw noSuchRun(runIdOf({ name, id }));
    const pages = {
      info: artifact.info,
      count: artifact.info.files.length,
      pages: () => oneOf(artifact),
      file: (path: string) => Promise.resolve().then(() => artifact.file(path)),
    };
    return { version: readablePages(pages, readerOf(name, access)), isDeleted: true };
  }

  /** Opens the version of a run that has ended. Its caller checks whose run it is. */
  async openVersion(
    { key: { name, id }, version }: EndedRun,
    access: Access,
  ): Promise<ReadablePages> {
    try {
      return await this.#openPages({ name, version }, readerOf(name, access));
    } catch (error) {
      if (!isRegistryError(error, "NotFound")) throw error;
      throw noSuchRun(runIdOf({ name, id }));
    }
  }

  /**
   * Opens the artifacts of a run; with a path, at least that one. Those of a run that goes on have no
   * version yet.
   */
  async openArtifacts(key: RunKey, access: Access, path?: string): Promise<Artifacts> {
    access.check("read", key.name);
    const found = await this.find(key, access);
    if (found.state === "ended") {
      return artifactsOf((await this.#openEnded(found, access)).version);
    }
    return artifactsOf(await this.#openParts(found, access, path));
  }

  async #openParts(
    { key: { name }, id, before }: OpenRun,
    access: Access,
    path?: string,
  ): Promise<ReadablePages> {
    const parts = await openRunFiles(this.registry, { name, id }, (part) => mayHave(part, path));
    const earlier = before && artifactsOf(await this.openVersion(before, access));
    const kept: SentFile[] = parts.map((file) => ({ ...file, path: file.info.path, file }));
    for await (const page of earlier?.version.pages() ?? []) {
      for (const file of page.files()) {
        const { path } = file.info;
        if (earlier!.isShown(file.info)) kept.push({ path, part: TAKEN_OVER, file });
      }
    }
    return asVersion({ name, id }, kept);
  }

  async readOpen(found: OpenRun, access: Access): Promise<StoredRun> {
    const seenAs = `${found.key.name}@${found.id}`;
    const seen = this.#seen.get(seenAs) ??
      { after: "", last: new LastMetrics(), reading: Promise.resolve() };
    this.#seen.set(seenAs, seen);
    keepNewest(this.#seen, MOST_SEEN);
    const reading = seen.reading.then(() => this.#readOn(found, seen, access));
    seen.reading = reading.catch(() => {});
    return await reading;
  }

  /** Reads the points that are new. */
  async #readOn(
    { key, id, before }: OpenRun,
    seen: SeenPoints,
    access: Access,
  ): Promise<StoredRun> {
    if (seen.after === "" && before !== undefined) {
      for await (const metric of this.#ofVersion(before, access)) seen.last.add(metric);
    }
    for (;;) {
      const page = await readLoggedRun(this.registry, key.name, { id, after: seen.after });
      const run = runOfPage(key, page);
      for await (const metric of inLines(page, run.startedMs)) seen.last.add(metric);
      seen.after = page.next;
      if (!page.more) return { ...run, metrics: seen.last.all };
    }
  }

  /** Yields the runs of a name that go on, then the others; or those that were deleted. */
  async *runsOf(
    name: string,
    { access, deleted }: AskedRuns,
  ): AsyncGenerator<readonly StoredRun[]> {
    const seen = new Set<string>();
    for await (const found of deleted ? [] : this.#finder.open(name)) {
      seen.add(found.key.id);
      yield [await this.readOpen(found, access)];
    }
    const isNew = ({ key }: StoredRun) => !seen.has(key.id) && seen.add(key.id) !== undefined;
    const readRun = (info: ArtifactInfo) => this.#endedIn(info, access);
    const ended = deleted ? this.#deletedOf(name) : this.#ended.of(name, readRun);
    for await (const runs of ended) yield runs.filter(isNew);
  }

  async *#deletedOf(name: string): AsyncGenerator<[StoredRun]> {
    const asked = { details: true, deleted: true, withoutFiles: true };
    for await (const { info } of inTurns(this.registry.versions(name, asked))) {
      if (info === undefined || runIdIn(info) === undefined) continue;
      const run = runIn(info);
      yield [{ ...run, metrics: run.metrics ?? [], token: info.by?.token, isDeleted: true }];
    }
  }

  async #endedIn(info: ArtifactInfo, access: Access): Promise<StoredRun | undefined> {
    if (runIdIn(info) === undefined) return undefined;
    const { metrics, ...run } = runIn(info);
    if (metrics !== undefined) return { ...run, metrics, token: info.by?.token };
    const { name, version } = info;
    return await readVersion(await this.#openPages({ name, version }, access));
  }

  /** Yields all points, in the order in which they are stored. */
  async *history(key: RunKey, access: Access): AsyncGenerator<Metric> {
    const found = await this.find(key, access);
    if (found.state === "ended") {
      const { version } = await this.#openEnded(found, access);
      this.own({ key, token: version.info.by?.token }, access);
      return yield* metricsOf(version);
    }
    const { id, before } = found;
    for (let after = "", isFirst = true;; isFirst = false) {
      const page = await readLoggedRun(this.registry, key.name, { id, after });
      const run = this.own(runOfPage(key, page), access);
      if (isFirst && before !== undefined) yield* this.#ofVersion(before, access);
      yield* inLines(page, run.startedMs);
      if (!page.more) return;
      after = page.next;
    }
  }

  async *#ofVersion(found: EndedRun, access: Access): AsyncGenerator<Metric> {
    yield* metricsOf(await this.openVersion(found, access));
  }
}

/** Returns the rights of a token that may have begun a run: it reads that of its own. */
function readerOf(name: string, access: Access): Access {
  const may: Access["may"] = (right, its) =>
    right === "read" && its === name || access.may(right, its);
  const check: Access["check"] = (right, its) => {
    if (!may(right, its)) access.check(right, its);
  };
  return { ...access, may, check };
}

async function* oneOf<T>(item: T): AsyncGenerator<T> {
  yield await Promise.resolve(item);
}

async function* metricsOf(version: ReadablePages): AsyncGenerator<Metric> {
  const { startedMs } = runIn(version.info);
  for await (const line of linesOf(version)) {
    await giveWay();
    yield* metricsIn(line, startedMs);
  }
}

async function* inLines({ lines }: LoggedRunPage, startedMs: number): AsyncGenerator<Metric> {
  for (const line of lines.split("\n")) {
    await giveWay();
    if (line !== "") yield* metricsIn(line, startedMs);
  }
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

// Runs of W&B, in the model of all runs: a draft while they go on, then versions. What is answered is
// stored, so neither a kill of the client nor one of the service loses it. A request lists a draft once.
import type { ArtifactInfo } from "../../../mod.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import { createLanes, giveWay, isJsonObject, keepNewest } from "../../../core/kernel.ts";
import { mapAtOnce, sha256 } from "../../../core/kernel.ts";
import type { Access, GatewayContext, ReadablePages } from "../../../apps/gateways.ts";
import { sentBy } from "../../../apps/server/extending.ts";
import { CURVE_FILE } from "../../runs/curve_file.ts";
import { openRunFiles } from "../../runs/look_at_run.ts";
import { openRun, updateRun } from "../../runs/mod.ts";
import { readFacts } from "../../runs/run_facts.ts";
import { asVersion, mayHave, partOf, takeOver, takePoints } from "../../runs/mlflow/file_parts.ts";
import { idOfGeneration, namesWithDrafts, RunFinder } from "../../runs/mlflow/find_run.ts";
import { EndedRuns } from "../../runs/mlflow/ended_runs.ts";
import { runIdOf, type RunKey } from "../../runs/mlflow/ids.ts";
import { runIn } from "../../runs/mlflow/stored_run.ts";
import { tagsOf, textsOf, timesIn } from "../../runs/mlflow/stored_run.ts";
import { paramsOf } from "../../runs/wandb/values.ts";
import { noSuch, wrong } from "./errors.ts";
import { historyOf, type Row, RowsAhead } from "./history.ts";
import { finishRunOf } from "./finish_run.ts";
import { EVENTS_FILE, STREAM, streamedLines } from "../../runs/wandb/streamed_files.ts";
import { changed, changesNothing, configEntries, editedTags, type Facts } from "./facts.ts";
import { factTags, ownIn } from "./facts.ts";
import { beginsAgain, checkOwn, CONFIG_FILE, configIn, PREEMPTING_TAG } from "./known_run.ts";
import { STOP_TAG, streamPart, wandbIn } from "./known_run.ts";
import { earlierPart, endedRun, isStopped, openedRun, textOf } from "./known_run.ts";
import type { EndedRun, FoundRun, KnownRun, ListedRun } from "./known_run.ts";
import type { OpenRun, ReadableRun, Sent } from "./known_run.ts";
import { DEFAULT_ENTITY, projectOf, runKey } from "./names.ts";
import { branchIn, newPart, pointsOf, pointsUpTo } from "./points.ts";
import { shortest, startIn, valuesIn } from "./points.ts";

/** Bytes of the JSON of a configuration. Longer values are only in its file. */
const MOST_PARAMS = 31 * 1024;
/** The least difference of clocks, or time of a sync, that changes when a run began. */
const EARLIER_MS = 1000;
/** The time without a request after which a run that goes on is silent, as at W&B. */
const SILENT_MS = 5 * 60_000;
/** Runs whose time of the last request is kept. */
const MOST_HEARD = 10_000;
const encoder = new TextEncoder();

type OwnTag = readonly [tag: string, value: string];

export class WandbRuns {
  readonly context: GatewayContext;
  readonly #finder: RunFinder;
  readonly #ended: EndedRuns;
  readonly #inOrder = createLanes();
  readonly #ahead = new RowsAhead();
  /** The latest times of parts with points. */
  readonly #latest = new Map<string, number>();
  /** Times of the last requests of runs, milliseconds: not every request stores something. */
  readonly #heard = new Map<string, number>();

  constructor(context: GatewayContext) {
    this.context = context;
    const { registry, system, memory: { deletes } } = context;
    this.#finder = new RunFinder(registry);
    this.#ended = new EndedRuns(registry, { system, deletes });
  }

  /** Finds a run. Throws `Denied` unless a token began it, or may read its name. */
  async find(key: RunKey, access: Access, toAdd = false): Promise<FoundRun | undefined> {
    const found = await (toAdd ? this.#finder.lookToAdd(key) : this.#finder.look(key));
    const { name } = key;
    if (found?.state === "open") {
      const facts = await readFacts(found.look);
      checkOwn(facts.by, key, access);
      const begun = new Date(facts.startedAt ?? 0), tags = Object.fromEntries(facts.tags);
      const texts = { params: textsOf(Object.fromEntries(facts.params)), tags: textsOf(tags) };
      const { startedMs } = timesIn(tags, begun);
      return { ...found, ...texts, startedMs, begunMs: begun.getTime() };
    }
    if (found?.state !== "ended") return found;
    const all = { ...access, may: () => true, check() {} };
    const opened = await this.context.openPages({ name, version: found.version }, all);
    checkOwn(opened.info.by, key, access);
    return { ...found, opened };
  }

  /**
   * Begins a run, changes one that goes on, or resumes one that has ended. True if it is new. An edit
   * of a run that has ended is its next version, also by a program that shares it, unless its primary
   * begins again: only that one would end it again.
   */
  async upsert(
    key: RunKey,
    facts: Facts,
    { access, writer, isEdit }: { access: Access; writer?: string; isEdit?: boolean },
  ): Promise<boolean> {
    return await this.#inOrder(runIdOf(key), async () => {
      const found = await this.find(key, access);
      if (found?.state === "discarded") {
        throw wrong(`run ${key.id} was previously created and deleted; try a new run name`);
      }
      if (isEdit && found === undefined) throw noSuch(`run ${key.id} not found`);
      const isLate = writer !== undefined && !beginsAgain(found, writer, facts.config);
      if ((isEdit || isLate) && found?.state === "ended") {
        if (found.opened.info.metadata.wandb === undefined) {
          throw wrong(`run ${key.id} was logged by another client: change it with that one`);
        }
        if (changesNothing(await endedRun(found.opened), facts)) return false;
        await this.#edit(found, access, (open) => this.#change(open, facts));
      } else if (found?.state !== "open") await this.#open(key, { facts, access, before: found });
      else if (!found.isEnding) await this.#change(found, facts);
      return found === undefined;
    });
  }

  async #open(
    key: RunKey,
    { facts, access, before }: { facts: Facts; access: Access; before?: EndedRun },
  ): Promise<void> {
    const { registry, system } = this.context;
    const { token, author } = access, { name } = key;
    const id = idOfGeneration(key, (before?.generation ?? 0) + 1);
    const draft = await registry.openDraft(name, { id: `run:${id}` });
    // The run begins only after that: a kill before leaves the earlier version.
    const version = before?.opened;
    if (version !== undefined) await takeOver(draft, { name, id }, version);
    const branch = version === undefined ? branchIn(facts.config) : undefined;
    const events = version && await earlierPart(version);
    if (events !== undefined) await draft.addPart(events.part, events.files);
    const earlier = version && runIn(version.info);
    const startedMs = earlier?.startedMs ?? system.now();
    if (branch !== undefined) {
      const parent = await this.find(runKey(name, branch.run_id), access);
      if (parent === undefined || parent.state === "discarded") {
        throw noSuch(`run ${branch.run_id} not found: log or sync it before its fork`);
      }
      const { points, startedMs: since } = historyOf(parent);
      const laterMs = startedMs - since;
      await takePoints(draft, { name, id }, pointsUpTo(points(), { ...branch, laterMs }));
    }
    const { [PREEMPTING_TAG]: _, [STOP_TAG]: __, ...kept } = Object.fromEntries(
      earlier?.tags ?? [],
    );
    const tags = {
      ...kept,
      ...factTags(facts, author?.name),
      ...tagsOf({ status: "RUNNING", startedMs }),
    };
    const params = { ...Object.fromEntries(earlier?.params ?? []), ...this.#params(key, facts) };
    await this.#finder.giveFacts({ name, id }, { tags, params });
    const begin = () => openRun(registry, name, { id });
    await (token === undefined || author !== undefined
      ? begin()
      : sentBy({ name: token, token }, begin));
    const config = facts.config ?? (version ? await textOf(version, CONFIG_FILE) : "{}");
    if (config !== undefined) await draft.addPart(...this.#config(config));
  }

  async #change({ key, id, look, ...stored }: OpenRun, facts: Facts): Promise<void> {
    const summary = streamPart(look, { summary: facts.summaryMetrics }, this.context.system);
    if (summary !== undefined) await look.draft.add(summary.part, () => summary.files);
    const tags = changed(stored.tags, editedTags(facts, stored.tags));
    const own = this.#params(key, facts), params = changed(stored.params, own);
    const { config } = facts, before = config && await configIn(look);
    const without = Object.keys(this.#params(key, { config: before }))
      .filter((param) => stored.params.has(param) && !Object.hasOwn(own, param));
    if (Object.keys({ ...tags, ...params }).length + without.length > 0) {
      await this.#finder.giveFacts({ name: key.name, id }, { tags, params, without });
    }
    // Values that are too long for params are only in the file.
    if (config === undefined || ownIn(config) === ownIn(before)) return;
    const [part, files] = this.#config(config);
    await look.draft.add(part, () => files);
  }

  #config(config: string) {
    return this.#file({ path: CONFIG_FILE, content: encoder.encode(config) });
  }

  #file(file: FileToSave): [part: string, files: FileToSave[]] {
    return [partOf(file.path, this.context.system), [file]];
  }

  #params({ id }: RunKey, { config }: Facts): Record<string, string> {
    const { params } = paramsOf(configEntries(config), []), kept = shortest(params, MOST_PARAMS);
    if (kept.length < params.size) {
      this.context.logger.warn(`Values of the configuration of run ${id} are only in its file`);
    }
    return Object.fromEntries(kept);
  }

  /** Adds a tag to a run, also to one that has ended: its next version has it. */
  async addTag(key: RunKey, tag: OwnTag, access: Access): Promise<void> {
    await this.#inOrder(runIdOf(key), async () => {
      const run = await this.find(key, access);
      if (run?.state === "open") await this.#tag(run, tag);
      const isOwn = run?.state === "ended" && run.opened.info.metadata.wandb !== undefined;
      if (!isOwn || runIn(run.opened.info).tags.has(tag[0])) return;
      await this.#edit(run, access, (open) => this.#tag(open, tag));
    });
  }

  /** Adds a file to a run, also to one that has ended: its next version has it. */
  async putFile(key: RunKey, file: FileToSave, access: Access): Promise<void> {
    const found = await this.find(key, access);
    if (found === undefined || found.state === "discarded") return;
    const [part, files] = this.#file(file);
    if (found.state === "open") return void await found.look.draft.add(part, () => files);
    const add = (open: OpenRun) => open.look.draft.add(part, () => files);
    await this.#inOrder(runIdOf(key), () => this.#edit(found, access, add));
  }

  /** Saves the next version of a run that has ended. */
  async #edit(
    run: EndedRun,
    access: Access,
    change: (open: OpenRun) => unknown,
    request?: string,
  ): Promise<void> {
    const { key, opened } = run, { status } = runIn(opened.info), { metadata } = opened.info;
    const { failed } = isJsonObject(metadata.run) ? metadata.run : {};
    await this.#open(key, { facts: {}, access, before: run });
    const open = await this.find(key, access);
    if (open?.state !== "open") return;
    await change(open);
    const changed = await this.find(key, access) as OpenRun;
    const reason = typeof failed === "string" ? failed : undefined;
    const { writer } = wandbIn(run);
    await finishRunOf(this.context, changed, { status, failed: reason, request, writer });
  }

  /**
   * Adds lines to a run, and ends it with a code. Those of a run that was discarded are lost, as
   * somebody wants. True if the client has to stop.
   */
  async stream(
    key: RunKey,
    sent: Sent,
    { access, exitCode }: { access: Access; exitCode?: number },
  ): Promise<boolean> {
    this.#heard.set(runIdOf(key), this.context.system.now());
    keepNewest(this.#heard, MOST_HEARD);
    return await this.#inOrder(runIdOf(key), async () => {
      let found = await this.find(key, access, true);
      const { history, system, console, summary, writer } = sent;
      const hasLines = [history, system, console].some((lines) => lines?.content.length);
      const request = () => sha256(encoder.encode(JSON.stringify(sent)));
      if (found?.state === "ended" && (hasLines || summary !== undefined)) {
        const isAgain = wandbIn(found).request === request();
        // Another program with the same id has ended the run.
        if (!isAgain && writer !== undefined && exitCode === undefined) {
          await this.#edit(found, access, (open) => this.#add(open, sent), request());
          return false;
        }
        if (!isAgain) await this.#open(key, { facts: {}, access, before: found });
        found = await this.find(key, access);
      }
      if (found?.state !== "open") return isStopped(found);
      const isWhole = found.isEnding || await this.#add(found, sent);
      if (sent.preempting) await this.#tag(found, [PREEMPTING_TAG, "true"]);
      if (exitCode === undefined) {
        if (isWhole) this.#finder.keep(found);
        return isStopped(found);
      }
      const failed = exitCode === 0 ? undefined : `exit code ${exitCode}`;
      const status = failed === undefined ? "FINISHED" : "FAILED";
      const whole = await this.find(key, access) as OpenRun;
      await finishRunOf(this.context, whole, { status, failed, request: request(), writer });
      return false;
    });
  }

  /** Finds a run that a client resumes: its machine is another one, or was not taken away. */
  async resumed(key: RunKey, access: Access): Promise<FoundRun | undefined> {
    return await this.#tagged(key, access, [PREEMPTING_TAG, ""]);
  }

  /** Tells the client of a run that goes on to end it. False if there is no such run. */
  async stop(key: RunKey, access: Access): Promise<boolean> {
    const run = await this.#tagged(key, access, [STOP_TAG, "true"]);
    return run !== undefined && run.state !== "discarded";
  }

  /** Finds a run, and gives it a tag if it goes on. */
  async #tagged(key: RunKey, access: Access, tag: OwnTag): Promise<FoundRun | undefined> {
    return await this.#inOrder(runIdOf(key), async () => {
      const run = await this.find(key, access);
      if (run?.state === "open" && !run.isEnding) await this.#tag(run, tag);
      return run;
    });
  }

  async #tag({ key: { name }, id, tags }: OpenRun, [tag, value]: OwnTag): Promise<void> {
    if ((tags.get(tag) ?? "") === value) return;
    await this.#finder.giveFacts({ name, id }, { tags: { [tag]: value } });
  }

  /** Adds lines to a run. False if it began earlier than the list of its draft says. */
  async #add(run: OpenRun, sent: Sent): Promise<boolean> {
    const { key: { name }, id, look } = run,
      { history } = sent,
      { registry, system } = this.context;
    const first = (history ?? sent.system)?.content[0];
    const own = first === undefined ? undefined : startIn(valuesIn(first));
    const isFirst = look.points.length === 0 &&
      ![...look.draft.parts.keys()].some((part) => STREAM.test(part));
    let { startedMs } = run;
    if (isFirst && own !== undefined && startedMs - own > EARLIER_MS) {
      startedMs = own;
      const tags = tagsOf({ status: "RUNNING", startedMs });
      await updateRun(registry, name, { id, tags, replace: true });
    }
    const points = history && await pointsOf(history, startedMs);
    const added = history && await newPart(run, points!, this.#latest);
    if (added !== undefined) {
      await look.draft.add(added.part, () => [{ path: CURVE_FILE, content: added.content }]);
    }
    const texts = streamPart(look, sent, system);
    if (texts !== undefined) await look.draft.add(texts.part, () => texts.files);
    return startedMs === run.startedMs;
  }

  /** Yields the runs of a name that go on. */
  async *open(name: string, access: Access): AsyncGenerator<OpenRun> {
    for await (const { key } of this.#finder.open(name)) {
      await giveWay();
      const found = await this.find(key, access);
      if (found?.state === "open") yield found;
    }
  }

  /** Yields the runs that go on of all projects of an entity that a token may read. */
  async *openIn(entity: string, access: Access): AsyncGenerator<OpenRun> {
    const prefix = entity === DEFAULT_ENTITY ? "" : `${entity}:`;
    const isProject = (name: string) => !name.includes("/") && projectOf(name).entity === entity;
    const names = namesWithDrafts(this.context.registry, prefix);
    const found = mapAtOnce(names, async (name) => {
      const isWanted = isProject(name) && access.may("read", name);
      return isWanted ? await Array.fromAsync(this.open(name, access)) : [];
    });
    for await (const runs of found) yield* runs;
  }

  /** Yields the runs of a name that go on, without their metrics, then the others. */
  async *of(name: string, access: Access): AsyncGenerator<ListedRun> {
    const seen = new Set<string>();
    for await (const found of this.open(name, access)) {
      const { key, startedMs, params, tags } = found;
      seen.add(key.id);
      const listed = { key, startedMs, params, tags, metrics: [] };
      yield { ...listed, status: "RUNNING", isSilent: this.#isSilent(found) };
    }
    const readRun = (info: ArtifactInfo) => {
      const run = runIn(info);
      return Promise.resolve(
        run.key.id === "" ? undefined : { ...run, metrics: run.metrics ?? [] },
      );
    };
    for await (const runs of this.#ended.of(name, readRun)) {
      for (const run of runs) {
        if (!seen.has(run.key.id)) yield run;
        seen.add(run.key.id);
      }
    }
  }

  /** Yields the rows of the history of a run with some steps. */
  rows(run: ReadableRun, first = -Infinity, end = Infinity): AsyncGenerator<Row> {
    return this.#ahead.of(historyOf(run), { first, end });
  }

  /** Yields the system metrics of a run. */
  async *events(run: ReadableRun): AsyncGenerator<unknown> {
    const lines = run.state === "open"
      ? (await streamedLines(run.look)).lines.get(EVENTS_FILE)?.map(({ line }) => line)
      : (await textOf(run.opened, EVENTS_FILE))?.split("\n");
    for (const line of lines ?? []) {
      await giveWay();
      if (line !== "") yield valuesIn(line);
    }
  }

  /** True for a run of W&B's client, which sends a request each 30 seconds, if none came for `SILENT_MS`. */
  #isSilent({ key, look: { draft: { newest = 0, parts } } }: OpenRun): boolean {
    if (![...parts.keys()].some((part) => mayHave(part, CONFIG_FILE))) return false;
    const heardMs = Math.max(newest, this.#heard.get(runIdOf(key)) ?? 0);
    return this.context.system.now() - heardMs > SILENT_MS;
  }

  /** Opens the files of a run: of one that goes on, those that were sent. */
  async files(run: ReadableRun): Promise<ReadablePages> {
    if (run.opened) return run.opened;
    const { key: { name }, id } = run;
    const files = await openRunFiles(this.context.registry, { name, id }, (part) => mayHave(part));
    return asVersion({ name, id }, files.map((file) => ({ ...file, path: file.info.path, file })));
  }

  /** Returns a run as it is resumed; undefined for one that was discarded. */
  async known(run: FoundRun | undefined): Promise<KnownRun | undefined> {
    if (run?.state === "open") return { ...await openedRun(run), isSilent: this.#isSilent(run) };
    return run?.opened && await endedRun(run.opened);
  }
}

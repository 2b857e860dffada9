// Answers to `wandb.Api()` about runs: lists, histories and files.
import * as v from "npm:valibot@^1.5";
import { giveWay, isJsonObject, linearPattern } from "../../../core/kernel.ts";
import { route, type Routes } from "../../../apps/gateways.ts";
import { curveOf } from "../../runs/mlflow/stored_run.ts";
import { exactValue, WrittenNumber } from "../../runs/written.ts";
import { writtenJson } from "../../runs/wandb/values.ts";
import { noSuch, wrong } from "./errors.ts";
import { filterOf, ordered } from "./filter.ts";
import type { Links } from "./links.ts";
import { idOf, inPath, objectIn, parseRun, runId, urlPath } from "./names.ts";
import { nameOfProject, projectJson } from "./names.ts";
import { answerFile, described, operation, pageOf, query } from "./operations.ts";
import type { Row } from "./history.ts";
import { runJson } from "./run_operations.ts";
import type { WandbRuns } from "./run_store.ts";
import { integer, list, maybe, MOST, name, ofPage, ofProject, optional } from "./schemas.ts";

/** Files of an answer, where clients name no number, and rows or files at most. */
const USUAL = 50, MOST_ROWS = 10_000;
const page = ofPage.perPage;

export function runQueries(routes: Routes, runs: WandbRuns, links: Links): void {
  listQueries(routes, runs);
  historyQueries(routes, runs);
  fileQueries(routes, runs, links);
}

function listQueries(routes: Routes, runs: WandbRuns): void {
  operation(routes, ["Runs", "read"], {
    ...ofProject,
    ...ofPage,
    order: maybe,
    filters: optional(MOST.path),
  }, async (c, { order = "-created_at", filters, ...given }) => {
    const own = nameOfProject(given), { access } = c.info;
    access.check("read", own);
    const isWanted = filterOf(objectIn(filters, exactValue));
    const found = [];
    for await (const run of runs.of(own, access)) {
      await giveWay();
      if (isWanted(run)) found.push(run);
    }
    const page = await pageOf(
      ordered(found, order),
      given,
      ({ key }) => runId(key),
      async ({ key }) => runJson(key, await runs.known(await runs.find(key, access))),
    );
    const its = { ...projectJson(own), readOnly: false, runCount: found.length };
    return { project: { ...its, runs: page } };
  });

  const names = ["Run", "RunHistoryKeys", "RunState"];
  query([routes, runs], names, {}, async (run) => runJson(run.key, await runs.known(run)));
}

function historyQueries(routes: Routes, runs: WandbRuns): void {
  const of: Parameters<typeof query>[0] = [routes, runs];
  query(of, "RunFullHistory", { samples: page }, async (run, { samples }) => ({
    history: await jsonLines(sampled(runs.rows(run), samples)),
    events: await jsonLines(sampled(runs.events(run), samples)),
  }));

  const steps = { minStep: integer(), maxStep: integer() };
  query(of, "HistoryPage", steps, async (run, { minStep, maxStep }) => ({
    history: await jsonLines(allOf(runs.rows(run, minStep, maxStep))),
  }));

  // The newest client asks where the rows begin that are in no Parquet file: here all.
  const parquetHistory = { parquetUrls: [], liveData: [{ _step: 0 }] };
  query(of, "RunParquetHistory", {}, () => ({ parquetHistory }));

  const spec = optional(MOST.path), names = ["RunSampledHistory", "SampledHistoryPage"];
  query(of, names, { specs: list(10, spec), spec }, async (run, { spec, specs = [spec] }) => {
    const sampledHistory = [];
    for (const text of specs) {
      const { keys, minStep = 0, maxStep, samples = 500 } = v.parse(Spec, objectIn(text));
      // The last step is one of them. Earlier clients name the first one of the next page.
      const end = maxStep === undefined ? Infinity : Math.min(maxStep + 1, minStep + samples);
      const rows = withKeys(runs.rows(run, minStep, end), keys);
      const all = await (maxStep === undefined ? sampled(rows, samples) : allOf(rows));
      sampledHistory.push(all.map(withNumbers));
    }
    return { sampledHistory };
  });
}

function fileQueries(routes: Routes, runs: WandbRuns, links: Links): void {
  const { system } = runs.context;
  query([routes, runs], "RunFiles", {
    fileCursor: optional(MOST.path), // the path before
    fileLimit: page,
    fileNames: list(MOST.files, name),
    pattern: maybe,
  }, async (run, { fileCursor, fileLimit, fileNames = [], pattern }, c) => {
    const matches = pattern === undefined ? () => true : likePattern(pattern);
    const version = await runs.files(run), id = runId(run.key);
    const named = new Set(fileNames.map((name) => name.replace(/^(\.\/)+/, "")));
    const all = [], edges = [], updatedAt = version.info.createdAt;
    for await (const { info } of version.pages()) {
      for (const file of info.files) {
        await giveWay();
        const { path } = file, isOwn = path === curveOf(version.info) || path.startsWith(".wandb/");
        if (!isOwn && (named.size === 0 || named.has(path)) && matches(path)) all.push(file);
      }
    }
    // By path: files that are replaced between pages, or come then, change no place of the others.
    all.sort((one, other) => one.path < other.path ? -1 : 1);
    const rest = all.filter(({ path }) => fileCursor === undefined || path > fileCursor);
    const most = Math.min(fileLimit ?? USUAL, MOST_ROWS);
    for (const { path, size: sizeBytes, mediaType: mimetype = null } of rest.slice(0, most)) {
      const at = `/wandb/runs/${inPath(id)}/files/${urlPath(path)}`;
      const url = await links.to(c, at, system.now()), fileId = idOf("RunFile", id, path);
      const file = { id: fileId, name: path, sizeBytes, mimetype, md5: null, updatedAt };
      edges.push({ node: { ...file, url, directUrl: url }, cursor: path });
    }
    const endCursor = edges.at(-1)?.cursor ?? null, hasNextPage = rest.length > most;
    return { fileCount: all.length, files: { edges, pageInfo: { endCursor, hasNextPage } } };
  });

  route(routes, "GET /wandb/runs/:id/files/:path{[^]+}", {
    ...described("GetRunFile", "Reads a file of a run, or a range of it", "read"),
    answer: async ({ c, params: { id, path }, access }) => {
      const key = parseRun(id);
      access.check("read", key.name);
      const run = await runs.find(key, access);
      if (run === undefined || run.state === "discarded") throw noSuch(`run ${key.id} not found`);
      const artifact = await runs.files(run), fixed = run.state === "ended";
      return await answerFile(c, runs.context, { artifact, path, fixed });
    },
  });
}

/** Returns a test of texts by a pattern of SQL's LIKE, in which `%` is any characters and `_` one. */
function likePattern(pattern: string): (text: string) => boolean {
  const source = pattern.replace(/\\?[^]/gu, (sign) => {
    if (sign === "%" || sign === "_") return sign === "%" ? ".*" : ".";
    const own = sign.length > 1 && sign.startsWith("\\") ? sign.slice(1) : sign;
    return /[A-Za-z0-9]/.test(own) ? own : `\\${own}`;
  });
  return linearPattern(`^${source}$`);
}

const Step = v.fallback(v.optional(integer()), undefined);
const Spec = v.object({
  keys: v.fallback(v.array(v.string()), []),
  minStep: Step,
  maxStep: Step,
  samples: v.fallback(v.optional(integer(1)), undefined),
});

/** Yields rows that have all keys, without others. */
async function* withKeys(rows: AsyncIterable<Row>, keys: readonly string[]): AsyncGenerator<Row> {
  for await (const row of rows) {
    if (!keys.every((key) => Object.hasOwn(row, key))) continue;
    yield keys.length === 0 ? row : Object.fromEntries(keys.map((key) => [key, row[key]])) as Row;
  }
}

/** Returns the rows of a page, none of which may be missing. */
async function allOf(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) {
    if (all.push(row) > MOST_ROWS) {
      throw wrong(`A page has more than ${MOST_ROWS} rows`, "Pass a smaller page_size.");
    }
  }
  return all;
}

/** Returns so many items if there are more, at even distances, with the first and the last one. */
async function sampled<T>(items: AsyncIterable<T>, most?: number | null): Promise<T[]> {
  const asked = Math.min(most ?? 500, MOST_ROWS);
  let kept: T[] = [], every = 1, at = 0, last: T | undefined;
  for await (const item of items) {
    last = item;
    if (at++ % every !== 0) continue;
    kept.push(item);
    if (kept.length < 2 * asked) continue;
    kept = kept.filter((_, index) => index % 2 === 0);
    every *= 2;
  }
  if (last !== undefined && kept.at(-1) !== last) kept.push(last);
  if (kept.length <= asked) return kept;
  const step = (kept.length - 1) / Math.max(1, asked - 1);
  return Array.from({ length: asked }, (_, index) => kept[Math.round(index * step)]!);
}

async function jsonLines(rows: Promise<readonly unknown[]>): Promise<string[]> {
  return (await rows).map((row) => writtenJson(row));
}

/** Returns a value whose JSON has numbers as they were written, where the runtime can do so. */
function withNumbers(value: unknown): unknown {
  if (typeof value === "number" || value instanceof WrittenNumber) {
    const { rawJSON } = JSON as { rawJSON?(json: string): unknown };
    return rawJSON?.(writtenJson(value)) ?? value;
  }
  if (Array.isArray(value)) return value.map(withNumbers);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withNumbers(each)]));
}

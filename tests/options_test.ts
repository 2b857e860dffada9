import { assert, assertMatch } from "@std/assert";
import { createGcsBackend } from "../backends/gcs.ts";
import { createLocalBackend } from "../backends/local.ts";
import { createMemoryBackend } from "../backends/memory.ts";
import { createS3Configs, openBackend } from "../backends/mod.ts";
import { createS3Backend } from "../backends/s3.ts";
import type { Backend } from "../core/backend.ts";
import { openHttpRegistry } from "../apps/client.ts";
import { createHandler, listen } from "../apps/server.ts";
import { isRegistryError } from "../core/errors.ts";
import { createMemoryFiles } from "../files/memory.ts";
import { createFileManager } from "../files/mod.ts";
import { prune } from "../extensions/maintenance/pruning/mod.ts";
import { changeSettings, readSettings } from "../registry/tools/settings.ts";
import { collectGarbage, measureSpace, readRulesHistory } from "../extensions/maintenance/mod.ts";
import { probeBackend } from "../registry/tools/probe_backend.ts";
import { verifyRegistry } from "../apps/maintenance.ts";
import { mirrorRegistry } from "../extensions/mirrors/mod.ts";
import { openUploads, presignDownload } from "../extensions/transfers/mod.ts";
import {
  clearCache,
  diffVersions,
  inspectCache,
  openRegistry,
  readLineage,
  readLog,
  type Registry,
} from "../mod.ts";
import { digestValue } from "../mod.ts";
import { listFiles, openFile, readAnnotations } from "../registry/mod.ts";
import { createOperators, runCommand } from "../operators/mod.ts";
import { planPipeline, runPipeline, submitRun } from "../operators/runner/mod.ts";
import { createMemoryBus } from "../extensions/plugins/events/memory.ts";
import { createMemoryQueue } from "../extensions/queues/memory.ts";
import { pipeline } from "./operators/runner/pipelines.ts";
import { createBatch } from "../workers/mod.ts";
import { testInMemory } from "./registry/registries.ts";

// deno-lint-ignore no-explicit-any -- whatever a program in JavaScript may write
type Anything = any;

/** The message of the `Invalid` that this throws, at once or by its promise. */
async function invalid(what: string, action: () => unknown): Promise<string> {
  let error: unknown;
  try {
    await action();
  } catch (thrown) {
    error = thrown;
  }
  assert(isRegistryError(error, "Invalid"), `${what}: ${error}`);
  assert(error.hint !== undefined, what);
  return error.message;
}

/** Stores; none is asked. */
const STORES: Record<string, () => Backend> = {
  memory: createMemoryBackend,
  local: () => createLocalBackend({ path: "nowhere" }),
  s3: () => createS3Backend({ bucket: "bucket", endpoint: "http://127.0.0.1:1" }),
  gcs: () => createGcsBackend({ bucket: "bucket", endpoint: "http://127.0.0.1:1" }),
};

const deleteMany = async (store: Backend, wrong: Anything) =>
  await (store.deleteMany ?? ((_, options) => store.delete("a", options)))(["a"], wrong);

async function sweep(store: Backend, wrong: Anything): Promise<void> {
  if (store.sweepUploads === undefined) return await store.delete("a", wrong);
  for await (const _ of store.sweepUploads({ olderThan: 0, ...wrong }));
}

const someFiles = async () => await createFileManager({ it: createMemoryFiles() }).on("it");

/** Calls whose options matter; methods have theirs in tests/registry/contract. */
const CALLS: Record<string, (registry: Registry, wrong: Anything) => unknown> = {
  "open, its cache": (_, wrong) => openRegistry("memory:", { cache: wrong }),
  clearCache: (_, wrong) => clearCache(wrong),
  inspectCache: (_, wrong) => inspectCache(wrong),
  "part of a draft": async (registry, wrong) =>
    await (await registry.openDraft("a", { id: "b" })).addPart("c", { files: [] }, wrong),
  "file of a draft": async (registry, wrong) =>
    await (await registry.openDraft("a", { id: "b" })).addFile("c", new Uint8Array(1), wrong),
  "info of a draft": async (registry, wrong) =>
    await (await registry.openDraft("a", { id: "b" })).info(wrong),
  "discard of a draft": async (registry, wrong) =>
    await (await registry.openDraft("a", { id: "b" })).discard(wrong),
  "commit of a draft": async (registry, wrong) =>
    await (await registry.openDraft("a", { id: "b" })).commit(wrong),
  createS3Configs: (_, wrong) => createS3Configs(wrong),
  // Removals take no option of other methods: `pattern` belongs to listings.
  "delete of files": async (_, wrong) => await (await someFiles()).delete("a", wrong),
  "deleteAll of files": async (_, wrong) => await (await someFiles()).deleteAll("a", wrong),
  "move of files": async (_, wrong) => await (await someFiles()).move("a", "b", wrong),
  ...Object.fromEntries(
    Object.entries(STORES).flatMap(([kind, create]) => [
      [`delete of ${kind}`, (_: unknown, wrong: Anything) => create().delete("a", wrong)],
      [`deleteMany of ${kind}`, (_: unknown, wrong: Anything) => deleteMany(create(), wrong)],
      [`sweepUploads of ${kind}`, (_: unknown, wrong: Anything) => sweep(create(), wrong)],
    ]),
  ),
  listen: (registry, wrong) => listen(createHandler(registry), { port: 0, ...wrong }),
  "listen, its limits": (registry, wrong) =>
    listen(createHandler(registry), { port: 0, limits: wrong }),
  subscribe: (_, wrong) => createMemoryBus().subscribe("a", () => {}, wrong),
  "queue, add": (_, wrong) => createMemoryQueue().add({ ...JOB, id: "a", ...wrong }),
  "queue, schedule": (_, wrong) =>
    createMemoryQueue().schedule({ id: "a", everyMs: 9_000, job: JOB, ...wrong }),
  "queue, job of a schedule": (_, wrong) =>
    createMemoryQueue().schedule({ id: "a", everyMs: 9_000, job: { ...JOB, ...wrong } }),
  "queue, work": (_, wrong) => createMemoryQueue().work(() => {}, wrong),
  runCommand: (_, wrong) => runCommand(["true"], { cwd: ".", ...wrong }),
  runPipeline: (registry, wrong) => runPipeline(EMPTY, { registry, operators, ...wrong }),
  planPipeline: (registry, wrong) => planPipeline(EMPTY, { registry, operators, ...wrong }),
  submitRun: (registry, wrong) => submitRun(EMPTY, { registry, operators, carry: {}, ...wrong }),
  createLocalBackend: (_, wrong) => createLocalBackend({ path: "nowhere", ...wrong }),
  openBackend: (_, wrong) => openBackend("memory:", wrong),
  openHttpRegistry: (_, wrong) => openHttpRegistry("http://127.0.0.1:1", wrong),
  createHandler: (registry, wrong) => createHandler(registry, wrong),
  "loadMany of a batch": (registry, wrong) =>
    createBatch(registry, { workers: 0 }).loadMany([], wrong),
  openFile: (registry, wrong) => openFile(registry, "a", { path: "b", ...wrong }),
  listFiles: (registry, wrong) => Array.fromAsync(listFiles(registry, "a", wrong)),
  readLineage: (registry, wrong) => readLineage(registry, "a", wrong),
  readLog: (registry, wrong) => Array.fromAsync(readLog(registry, "a", wrong)),
  readAnnotations: (registry, wrong) => readAnnotations(registry, "a", wrong),
  readRulesHistory: (registry, wrong) => Array.fromAsync(readRulesHistory(registry, wrong)),
  presignDownload: (registry, wrong) => presignDownload(registry, "a", wrong),
  verifyRegistry: (registry, wrong) => verifyRegistry(registry, wrong),
  measureSpace: (registry, wrong) => measureSpace(registry, wrong),
  readSettings: (registry, wrong) => readSettings(registry, wrong),
  changeSettings: (registry, wrong) => changeSettings(registry, { graceMs: 86_400_000, ...wrong }),
  probeBackend: (registry, wrong) => probeBackend(registry.backend!, wrong),
  digestValue: (registry, wrong) => digestValue(registry, 1, wrong),
  diffVersions: (registry, wrong) => diffVersions(registry, { before: "a", after: "a", ...wrong }),
  "an entry of a batch": (registry, wrong) =>
    createBatch(registry, { workers: 0 }).save({ name: "c", value: 1, ...wrong }),
};

const JOB = { group: "g", kind: "k", data: null };
const operators = createOperators();
const EMPTY = pipeline([]);

testInMemory("a mistyped option that matters is refused", async ({ registry }) => {
  for (const [name, call] of Object.entries(CALLS)) {
    for (const option of name.includes("files") ? ["optoin", "pattern"] : ["optoin"]) {
      const message = await invalid(name, () => call(registry, { [option]: "a" }));
      assertMatch(message, new RegExp(`: unknown option ${option}`), name);
    }
  }
});

/** Functions of a registry. */
const TOOLS: Record<string, (registry: Anything) => unknown> = {
  changeSettings: (registry) => changeSettings(registry, { graceMs: 86_400_000 }),
  collectGarbage,
  diffVersions: (registry) => diffVersions(registry, { before: "a", after: "b" }),
  readLineage: (registry) => readLineage(registry, "a"),
  readLog: (registry) => Array.fromAsync(readLog(registry, "a")),
  mirrorRegistry: (registry) => mirrorRegistry(registry, registry),
  openUploads,
  presignDownload: (registry) => presignDownload(registry, "a"),
  prune: (registry) => prune(registry, { keepLast: 1 }),
  readSettings,
  measureSpace,
  verifyRegistry,
};

Deno.test("an argument that is not a registry is refused, and a promise of one named", async () => {
  for (const [name, tool] of Object.entries(TOOLS)) {
    for (const given of [undefined, 5, {}]) await invalid(`${name}(${given})`, () => tool(given));
    const forgotten = await invalid(name, () => tool(Promise.resolve()));
    assertMatch(forgotten, /^Cannot .*: the registry is a promise$/, name);
  }
});

testInMemory("an option that has to be given is named", async ({ registry }) => {
  const calls: Record<string, (given?: Anything) => unknown> = {
    openDraft: (given) => registry.openDraft("a", given),
    prune: (given) => prune(registry, given),
    changeSettings: (given) => changeSettings(registry, given),
    diffVersions: (given) => diffVersions(registry, given),
  };
  for (const [name, call] of Object.entries(calls)) {
    for (const given of [undefined, null, {}, 5]) {
      await invalid(`${name}(${given})`, () => call(given));
    }
  }
  await invalid("names", () => prune(registry, { keepLast: 1, names: "abc" as Anything }));
});

Deno.test("events that are no bus are refused, not lost", async () => {
  for (const events of [{}, "memory:", () => {}]) {
    const given = { events: events as Anything };
    assertMatch(await invalid("events", () => openRegistry("memory:", given)), /not an event bus$/);
  }
});

import { assert, assertEquals, assertMatch } from "@std/assert";
import { openHttpRegistry } from "../apps/http_client.ts";
import { createHandler, createToken, listen, openTokenFile } from "../apps/server.ts";
import { createLocalBackend } from "../backends/local.ts";
import { createMemoryBackend } from "../backends/memory.ts";
import { createS3Configs, openBackend } from "../backends/mod.ts";
import { isRegistryError } from "../core/errors.ts";
import { createLocalFiles } from "../files/local.ts";
import { createMemoryFiles } from "../files/memory.ts";
import { createFileManager, createFileStores } from "../files/mod.ts";
import {
  changeSettings,
  clearCache,
  collectGarbage,
  commitUpload,
  createUpload,
  defineMaterializer,
  defineRegistry,
  diffVersions,
  digestOfValue,
  hashFiles,
  inspectCache,
  lineageOf,
  localPath,
  logOf,
  mirrorRegistry,
  openRegistry,
  openUploads,
  presignDownload,
  probeBackend,
  prune,
  readSettings,
  rebuildLineage,
  spaceOf,
  verifyRegistry,
} from "../mod.ts";
import { createMaterializers } from "../materializers/mod.ts";
import { createMemoryBus } from "../plugins/events/memory.ts";
import { createWebhooks } from "../plugins/events/mod.ts";
import { openRedisBus } from "../plugins/events/redis.ts";
import { createQueueRunner, workTasks } from "../plugins/jobs.ts";
import { createFileStorage } from "../plugins/storage.ts";
import { createPlugins } from "../plugins/mod.ts";
import { createMemoryQueue } from "../queues/memory.ts";
import { openQueue } from "../queues/mod.ts";
import { createBatch } from "../workers/mod.ts";
import { testInMemory } from "./registry/registries.ts";

// deno-lint-ignore no-explicit-any -- whatever a program in JavaScript may write
type Anything = any;

/** What it throws, at once or by its promise. */
async function thrown(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
}

async function assertInvalid(what: string, action: () => unknown): Promise<string> {
  const error = await thrown(action);
  assert(isRegistryError(error, "Invalid"), `${what}: ${error}`);
  assert(error.hint !== undefined, what);
  return error.message;
}

/** Functions that take options, and what makes one of them. */
const CREATED: Record<string, (options?: Anything) => unknown> = {
  createMemoryBackend,
  createLocalBackend: (options) => createLocalBackend({ path: "nowhere", ...options }),
  createS3Configs,
  openBackend: (options) => openBackend("memory:", options),
  clearCache,
  inspectCache,
  "openRegistry, its cache": (options) => openRegistry("memory:", { cache: options }),
  probeBackend: (options) => probeBackend(createMemoryBackend(), options),
  digestOfValue: (options) => digestOfValue({ materializers: createMaterializers() }, 1, options),
  hashFiles: (options) => hashFiles([], options),
  openRedisBus: (options) => openRedisBus("redis://127.0.0.1:1", options),
  createWebhooks: (options) =>
    createWebhooks({ bus: createMemoryBus(), queue: createMemoryQueue(), targets: [], ...options }),
  "createWebhooks, start": (options) =>
    createWebhooks({ bus: createMemoryBus(), queue: createMemoryQueue(), targets: [] }).start(
      options,
    ),
  createQueueRunner: (options) => createQueueRunner(createMemoryQueue(), options),
  workTasks: (options) => workTasks(createPlugins(), createMemoryQueue(), options),
  createFileStorage: (options) => createFileStorage({ backend: createMemoryBackend(), ...options }),
  createFileStores,
  createLocalFiles,
  createMemoryFiles,
  createFileManager: (options) => createFileManager({}, options),
  openHttpRegistry: (options) => openHttpRegistry("http://127.0.0.1:1", options),
  createPlugins,
  createMemoryBus,
  "subscribe of a bus": (options) => createMemoryBus().subscribe("a", () => {}, options),
  "publish of a bus": (options) => createMemoryBus().publish("a", 1, options),
  "unsubscribe of a bus": async (options) =>
    await (await createMemoryBus().subscribe("a", () => {})).unsubscribe(options),
  "listen of a bus": async (options) => await createMemoryBus().listen("a", options).ready,
  createMemoryQueue,
  "add of a queue": (options) =>
    createMemoryQueue().add({ id: "a", group: "g", kind: "k", data: 1, ...options }),
  "schedule of a queue": (options) =>
    createMemoryQueue().schedule({
      id: "a",
      everyMs: 1000,
      job: { group: "g", kind: "k", data: 1 },
      ...options,
    }),
  "work of a queue": (options) => createMemoryQueue().work(() => {}, options),
  openTokenFile: (options) => openTokenFile("nowhere.json", options),
  createToken: (options) => createToken("nowhere/tokens.json", { scopes: ["admin"], ...options }),
  createHandler: (options) => createHandler({ open() {}, names() {} } as Anything, options),
  listen: (options) => listen((() => {}) as Anything, { port: 0, ...options }),
  "listen, its limits": (options) => listen((() => {}) as Anything, { port: 0, limits: options }),
  openQueue: (options) => openQueue("memory:", options),
};

Deno.test("a function refuses an option that it does not know", async () => {
  for (const [name, create] of Object.entries(CREATED)) {
    assertMatch(
      await assertInvalid(name, () => create({ optoin: 1 })),
      /: there is no option optoin/,
    );
  }
});

Deno.test("the verbs of files refuse options that they do not know, on one store and with its name", async () => {
  const manager = createFileManager({ it: createMemoryFiles() });
  const files = await manager.on("it") as unknown as Record<
    string,
    (...args: Anything[]) => unknown
  >;
  await manager.save("a.json", 1, { store: "it" });
  const before: Record<string, Anything[]> = {
    ...{
      save: ["a.json", 1],
      loadBatch: [["a.json"]],
      saveBatch: [[{ path: "a.json", value: 1 }]],
    },
    ...{
      findFileRecursive: ["", "a.json"],
      createSymlink: ["b", "a.json"],
      copy: ["a.json", "c"],
      move: ["a.json", "c"],
    },
    ...{ mirrorDirectoryWithSymlinks: ["", "d"] },
  };
  const verbs = Object.keys(files).filter((name) => name !== "store");
  assertEquals(verbs.length, 24);
  for (const verb of verbs) {
    const args = before[verb] ?? [/dir|folder|file|walk/i.test(verb) ? "" : "a.json"];
    for (const target of [files, manager as unknown as typeof files]) {
      const options = target === files ? { optoin: 1 } : { store: "it", optoin: 1 };
      const call = () =>
        verb === "walkFiles"
          ? Array.fromAsync(target[verb](...args, options) as Anything)
          : target[verb](...args, options);
      assertMatch(await assertInvalid(verb, call), /: there is no option optoin/, verb);
    }
  }
  assertEquals(await manager.listDir("", { store: "it" }), ["a.json"]);
});

/** Functions that cannot do without their first argument. */
const WANTING: Record<string, (given?: Anything) => unknown> = {
  defineMaterializer,
  defineRegistry,
  digestOfValue: (given) => digestOfValue(given, 1),
  hashFiles,
  localPath,
  probeBackend,
  openRedisBus,
  createWebhooks,
  createQueueRunner,
  workTasks: (given) => workTasks(given, createMemoryQueue()),
  "workTasks, its queue": (given) => workTasks(createPlugins(), given),
  createFileStorage,
};

Deno.test("a function says what it cannot do without, whatever stands there instead", async () => {
  for (const [name, create] of Object.entries(WANTING)) {
    for (const given of [undefined, null, 5, {}, Promise.resolve(5)]) {
      await assertInvalid(name, () => create(given));
    }
  }
});

/** Functions of a registry, and what makes their call wrong. */
const TOOLS: Record<string, (registry: Anything) => unknown> = {
  changeSettings: (registry) => changeSettings(registry, { graceMs: 86_400_000 }),
  collectGarbage,
  createBatch,
  createUpload: (registry) => createUpload(registry, { files: ["a"] }),
  commitUpload: (registry) =>
    commitUpload(registry, { id: "a", files: [{ path: "a" }] }, { name: "a" }),
  diffVersions: (registry) => diffVersions(registry, { before: "a", after: "b" }),
  lineageOf: (registry) => lineageOf(registry, "a"),
  logOf: (registry) => logOf(registry, "a"),
  mirrorRegistry: (registry) => mirrorRegistry(registry, registry),
  openUploads,
  presignDownload: (registry) => presignDownload(registry, "a"),
  prune: (registry) => prune(registry, { keepLast: 1 }),
  readSettings,
  rebuildLineage,
  spaceOf,
  verifyRegistry,
};

Deno.test("what is no registry is told of, a promise of one above all", async () => {
  for (const [name, tool] of Object.entries(TOOLS)) {
    for (const given of [undefined, null, 5, {}, "memory:"]) {
      await assertInvalid(`${name}(${given})`, () => tool(given));
    }
    const forgotten = await assertInvalid(name, () => tool(Promise.resolve()));
    assertMatch(forgotten, /^Cannot .*: the registry is a promise$/, name);
  }
});

testInMemory(
  "what has to be given and is not is named, whatever stands there instead",
  async ({ registry }) => {
    await registry.save("a", 1);
    const draft = await registry.openDraft("a", { id: "b" });
    const calls: Record<string, (given?: Anything) => unknown> = {
      createLocalBackend,
      createLocalPath: (given) => createLocalBackend({ path: given }),
      openDraft: (given) => registry.openDraft("a", given),
      prune: (given) => prune(registry, given),
      changeSettings: (given) => changeSettings(registry, given),
      diffVersions: (given) => diffVersions(registry, given),
      createUpload: (given) => createUpload(registry, given),
      commitUpload: (given) => commitUpload(registry, given, { name: "a" }),
      "commitUpload, its options": (given) =>
        commitUpload(registry, { id: "a", files: [{ path: "a" }] }, given),
    };
    for (const [name, call] of Object.entries(calls)) {
      for (const given of [undefined, null, {}, 5]) {
        const error = await thrown(() => call(given));
        assert(isRegistryError(error, "Invalid"), `${name}(${given}): ${error}`);
      }
    }
    for (const path of [5, null, {}]) {
      await assertInvalid(
        `cache at ${path}`,
        () => openRegistry(createFarBackend(), { cache: { path } as Anything }),
      );
      await assertInvalid(`cache at ${path}`, () => clearCache({ path } as Anything));
    }
    assertEquals((await draft.info()).parts, []);
  },
);

/** A store that is far away as far as anybody knows. */
function createFarBackend() {
  return Object.assign(createMemoryBackend(), { kind: "far" });
}

testInMemory(
  "the methods of a draft and of a batch refuse options that they do not know",
  async ({ registry }) => {
    const draft = await registry.openDraft("a", { id: "b" });
    const file = new TextEncoder().encode("x");
    await draft.add("one", file);
    await draft.add("two", file);
    await using batch = createBatch(registry, { workers: 0 });
    const wrong = { part: ["one"] } as Anything;
    const calls: Record<string, () => unknown> = {
      addPart: () => draft.addPart("c", [{ path: "c", content: file }], wrong),
      add: () => draft.add("c", file, wrong),
      info: () => draft.info(wrong),
      files: () => draft.files(wrong),
      discard: () => draft.discard(wrong),
      commit: () => draft.commit(wrong),
      createBatch: () => createBatch(registry, wrong),
      save: () => batch.save({ name: "c", value: 1 }, wrong),
      "save, its entry": () => batch.save({ name: "c", value: 1, ...wrong }),
      load: () => batch.load("c", wrong),
      download: () => batch.download({ ref: "c", to: "c" }, wrong),
      verify: () => batch.verify({ ref: "c" }, wrong),
      saveMany: () => batch.saveMany([], wrong),
      loadMany: () => batch.loadMany([], wrong),
      downloadMany: () => batch.downloadMany([], wrong),
      verifyMany: () => batch.verifyMany([], wrong),
      saveEach: () => Array.fromAsync(batch.saveEach([], wrong)),
      loadEach: () => Array.fromAsync(batch.loadEach([], wrong)),
      downloadEach: () => Array.fromAsync(batch.downloadEach([], wrong)),
      verifyEach: () => Array.fromAsync(batch.verifyEach([], wrong)),
    };
    for (const [name, call] of Object.entries(calls)) {
      assertMatch(await assertInvalid(name, call), /: there is no option part/, name);
    }
    assertEquals(await Array.fromAsync(registry.names()), []);
    const { size } = await draft.commit({ parts: ["one"] });
    assertEquals(size, 1);
  },
);

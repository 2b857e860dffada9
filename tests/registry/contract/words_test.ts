import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import {
  collectGarbage,
  commitUpload,
  diffVersions,
  lineageOf,
  logOf,
  mirrorRegistry,
  openRegistry,
  openUploads,
  prune,
  readSettings,
  rebuildLineage,
  spaceOf,
  verifyRegistry,
} from "../../../mod.ts";
import type { StoredRegistry } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { createScriptedBackend } from "../scripted_backend.ts";
import type { Answer, Call } from "../scripted_backend.ts";

const CAUSE = { status: 403 };

/** What a driver says of a call that its store refuses. */
const refused: Answer = (_act, { verb, key }: Call) => {
  throw new RegistryError({
    code: "Denied",
    message: `Cannot ${verb} "${key}": the store denies it (bucket "b" at example.com)`,
    hint: "Ask for more rights.",
    key,
    backend: "s3://b",
    retry: "never",
    cause: CAUSE,
  });
};

async function failureOf(action: () => unknown): Promise<RegistryError> {
  try {
    const result = action();
    if (typeof result === "object" && result !== null && Symbol.asyncIterator in result) {
      for await (const _ of result as AsyncIterable<unknown>);
    } else await result;
  } catch (error) {
    assert(isRegistryError(error), String(error));
    return error;
  }
  throw new Error("nothing failed");
}

/** A registry with `model`, whose store refuses everything from now on. */
async function refusing() {
  const backend = createScriptedBackend(createMemoryBackend());
  const registry = await openRegistry(backend, { cache: false });
  await registry.save("model", { depth: 12 });
  await registry.save("large", new Uint8Array(1_000_000));
  await registry.setAlias("model", "production", "1");
  return { backend, registry, refuse: () => backend.answerAll({}, refused) };
}

const VERBS: Record<string, (registry: StoredRegistry) => unknown> = {
  'save "model"': (registry) => registry.save("model", 2),
  'load "model@1"': (registry) => registry.load("model@1"),
  'open "model"': (registry) => registry.open("model"),
  'download "model"': (registry) => registry.download("model", { to: "nowhere" }),
  'look up "model"': (registry) => registry.info("model"),
  'look up "model@1"': (registry) => registry.has("model@1"),
  'delete "model"': (registry) => registry.delete("model", { allVersions: true }),
  'set an alias of "model"': (registry) => registry.setAlias("model", "canary", "1"),
  'delete an alias of "model"': (registry) => registry.deleteAlias("model", "production"),
  'list aliases of "model"': (registry) => registry.aliases("model"),
  'tell the history of an alias of "model"': (registry) => registry.history("model", "production"),
  'load "model"': (registry) => registry.get("model"),
  'save "other"': (registry) => registry.set("other", 2),
  'save "third"': (registry) => registry.setDefault("third", 2),
  'save "fourth"': (registry) => registry.update({ fourth: 4 }),
  'take "model"': (registry) => registry.pop("model"),
  "clear the registry": (registry) => registry.clear({ allVersions: true }),
  "count names": (registry) => registry.size(),
  "list names": (registry) => registry.names(),
  "list entries": (registry) => registry.entries(),
  "load values": (registry) => registry.values(),
  'list versions of "model"': (registry) => registry.versions("model"),
  'copy "model"': (registry) => registry.copy("model", "copied"),
  "measure space": (registry) => spaceOf(registry),
  "collect garbage": (registry) => collectGarbage(registry),
  "prune": (registry) => prune(registry, { keepLast: 1 }),
  "verify the registry": (registry) => verifyRegistry(registry),
  "rebuild the lineage": (registry) => rebuildLineage(registry),
  'look up "large"': (registry) => diffVersions(registry, { before: "large", after: "large" }),
  "read the settings": (registry) => readSettings(registry),
  'look up "large@1"': (registry) => lineageOf(registry, "large@1"),
  'tell the log of "large"': (registry) => logOf(registry, "large"),
};

for (const [words, run] of Object.entries(VERBS)) {
  Deno.test(`what a store refuses is told as: Cannot ${words}`, async () => {
    const { registry, refuse } = await refusing();
    refuse();
    const error = await failureOf(() => run(registry));
    assertEquals(error.message, `Cannot ${words}: the store denies it (bucket "b" at example.com)`);
    const { code, hint, key, backend, retry, cause } = error;
    assertEquals({ code, hint, backend, retry }, {
      ...{ code: "Denied", hint: "Ask for more rights.", backend: "s3://b", retry: "never" },
    });
    assert(key !== undefined && !error.message.includes(key === "" ? "names/" : key));
    assertStrictEquals(cause, CAUSE);
  });
}

Deno.test("each of many names its own item", async () => {
  const { registry, refuse } = await refusing();
  refuse();
  const told = async (run: Promise<{ results: { ok: boolean; error?: RegistryError }[] }>) =>
    (await run).results.map((result) => result.error?.message.split(": ")[0]);
  const entries = [{ name: "a", value: 1 }, { name: "b", value: 2 }];
  const batch = createBatch(registry, { workers: 0 });
  assertEquals(await told(registry.saveMany(entries)), ['Cannot save "a"', 'Cannot save "b"']);
  assertEquals(await told(registry.loadMany(["model@1", "large"])), [
    'Cannot load "model@1"',
    'Cannot load "large"',
  ]);
  assertEquals(await told(registry.infoMany(["model@1"])), ['Cannot look up "model@1"']);
  assertEquals(await told(registry.hasMany(["model@1"])), ['Cannot look up "model@1"']);
  assertEquals(await told(registry.deleteMany(["model@1"])), ['Cannot delete "model@1"']);
  assertEquals(await told(batch.saveMany(entries)), ['Cannot save "a"', 'Cannot save "b"']);
  assertEquals(await told(batch.loadMany(["model"])), ['Cannot load "model"']);
  assertEquals(await told(batch.downloadMany([{ ref: "model", to: "nowhere" }])), [
    'Cannot download "model"',
  ]);
  assertEquals(await told(batch.verifyMany([{ ref: "model" }])), ['Cannot verify "model"']);
  await batch[Symbol.asyncDispose]();
});

Deno.test("a registry that cannot be opened says so, and so do a mirror, drafts and uploads", async () => {
  const shut = createScriptedBackend(createMemoryBackend());
  shut.answerAll({}, refused);
  const start = async (action: () => unknown) => (await failureOf(action)).message.split(": ")[0];
  assertEquals(await start(() => openRegistry(shut)), "Cannot open the registry");

  const { backend, registry, refuse } = await refusing();
  const draft = await registry.openDraft("model", { id: "epoch-3" });
  const uploads = await openUploads(registry);
  const target = await openRegistry("memory:");
  const upload = { id: "00000000-0000-7000-8000-000000000000", files: [{ path: "a" }] };
  backend.answerAll({ verb: "get", key: /^objects\// }, refused);
  const { failures } = await mirrorRegistry(registry, target);
  assertEquals(failures.map(({ error }) => error.message.split(": ")[0]), [
    'Cannot mirror "large@1.0.0"',
  ]);
  refuse();
  assertEquals(await start(() => mirrorRegistry(registry, target)), "Cannot mirror the registry");
  assertEquals(
    await start(() => draft.add("a.txt", new Uint8Array(1))),
    'Cannot add to draft "epoch-3" of "model"',
  );
  assertEquals(await start(() => draft.info()), 'Cannot look up draft "epoch-3" of "model"');
  assertEquals(await start(() => draft.files()), 'Cannot look up draft "epoch-3" of "model"');
  assertEquals(await start(() => draft.commit()), 'Cannot commit draft "epoch-3" of "model"');
  assertEquals(await start(() => draft.discard()), 'Cannot discard draft "epoch-3" of "model"');
  assertEquals(await start(() => uploads.begin({ size: 1 })), "Cannot begin an upload");
  assertEquals(await start(() => uploads.state(upload.id)), "Cannot look up an upload");
  assertEquals(
    await start(() => commitUpload(registry, upload, { name: "model" })),
    'Cannot save "model"',
  );
});

Deno.test("a version that was opened names itself where its files cannot be read any more", async () => {
  const { registry, refuse } = await refusing();
  const file = (await registry.open("large")).files()[0];
  refuse();
  for (
    const read of [
      () => file.bytes(),
      () => file.stream(),
      () => file.stream({ offset: 10, length: 10 }),
    ]
  ) {
    assertMatch((await failureOf(read)).message, /^Cannot read "large@1.0.0": the store denies it/);
  }
});

Deno.test("a record that is damaged is told by the name, also where a listing goes on behind it", async () => {
  const { backend, registry } = await refusing();
  for await (const entry of backend.list("names/model/versions/")) {
    if ("key" in entry) await backend.put(entry.key, new TextEncoder().encode("damaged"));
  }
  const error = await failureOf(() => registry.load("model"));
  assertMatch(error.message, /^Cannot load "model": a record cannot be read: /);
  assertMatch(error.key!, /^names\/model\/versions\//);
  const [, [name, , told]] = await Array.fromAsync(registry.entries());
  assertEquals(name, "model");
  assertMatch(told!.message, /^Cannot load "model": a record cannot be read: /);
});

Deno.test("an error that is not about an object of the store stays the same error", async () => {
  const { backend, registry } = await refusing();
  const own = new RegistryError({
    code: "Unavailable",
    message: "Cannot reach bucket: nothing answers",
    key: "names/",
  });
  backend.answerAll({}, () => {
    throw own;
  });
  assertStrictEquals(await failureOf(() => registry.names()), own);
});

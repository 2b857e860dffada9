import { assert, assertMatch } from "@std/assert";
import { openHttpRegistry } from "../apps/http_client.ts";
import { createHandler } from "../apps/server.ts";
import { createLocalBackend } from "../backends/local.ts";
import { openBackend } from "../backends/mod.ts";
import { isRegistryError } from "../core/errors.ts";
import {
  collectGarbage,
  commitUpload,
  createUpload,
  diffVersions,
  lineageOf,
  logOf,
  mirrorRegistry,
  openRegistry,
  openUploads,
  presignDownload,
  prune,
  rebuildLineage,
  spaceOf,
  verifyRegistry,
} from "../mod.ts";
import type { Registry } from "../mod.ts";
import { createMemoryBus } from "../plugins/events/memory.ts";
import { changeSettings, readSettings } from "../registry/tools/settings.ts";
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

/** Calls whose options matter; methods have theirs in tests/registry/contract. */
const CALLS: Record<string, (registry: Registry, wrong: Anything) => unknown> = {
  "open, its cache": (_, wrong) => openRegistry("memory:", { cache: wrong }),
  "commit of a draft": async (registry, wrong) =>
    await (await registry.openDraft("a", { id: "b" })).commit(wrong),
  commitUpload: (registry, wrong) =>
    commitUpload(registry, { id: "a", files: [{ path: "a" }] }, { name: "a", ...wrong }),
  subscribe: (_, wrong) => createMemoryBus().subscribe("a", () => {}, wrong),
  createLocalBackend: (_, wrong) => createLocalBackend({ path: "nowhere", ...wrong }),
  openBackend: (_, wrong) => openBackend("memory:", wrong),
  openHttpRegistry: (_, wrong) => openHttpRegistry("http://127.0.0.1:1", wrong),
  createHandler: (registry, wrong) => createHandler(registry, wrong),
  "loadMany of a batch": (registry, wrong) =>
    createBatch(registry, { workers: 0 }).loadMany([], wrong),
  "an entry of a batch": (registry, wrong) =>
    createBatch(registry, { workers: 0 }).save({ name: "c", value: 1, ...wrong }),
};

testInMemory("a mistyped option that matters is refused", async ({ registry }) => {
  for (const [name, call] of Object.entries(CALLS)) {
    const message = await invalid(name, () => call(registry, { optoin: 1 }));
    assertMatch(message, /: there is no option optoin/, name);
  }
});

/** Functions of a registry. */
const TOOLS: Record<string, (registry: Anything) => unknown> = {
  changeSettings: (registry) => changeSettings(registry, { graceMs: 86_400_000 }),
  collectGarbage,
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
    createUpload: (given) => createUpload(registry, given),
    commitUpload: (given) => commitUpload(registry, given, { name: "a" }),
  };
  for (const [name, call] of Object.entries(calls)) {
    for (const given of [undefined, null, {}, 5]) {
      await invalid(`${name}(${given})`, () => call(given));
    }
  }
  await invalid("names", () => prune(registry, { keepLast: 1, names: "abc" as Anything }));
});

import { assert, assertMatch } from "@std/assert";
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

/** Calls whose options matter: a typo would lose data, or do something else than was asked for. */
const CALLS: Record<string, (registry: Registry, wrong: Anything) => unknown> = {
  open: (_, wrong) => openRegistry("memory:", wrong),
  "open, its cache": (_, wrong) => openRegistry("memory:", { cache: wrong }),
  save: (registry, wrong) => registry.save("a", 1, wrong),
  saveMany: (registry, wrong) => registry.saveMany([], wrong),
  load: (registry, wrong) => registry.load("a", wrong),
  loadMany: (registry, wrong) => registry.loadMany(["a"], wrong),
  "open a version": (registry, wrong) => registry.open("a", wrong),
  download: (registry, wrong) => registry.download("a", wrong),
  delete: (registry, wrong) => registry.delete("a", wrong),
  deleteMany: (registry, wrong) => registry.deleteMany(["a"], wrong),
  clear: (registry, wrong) => registry.clear(wrong),
  setAlias: (registry, wrong) => registry.setAlias("a", "live", "1", wrong),
  copy: (registry, wrong) => registry.copy("a", "b", wrong),
  "commit of a draft": async (registry, wrong) =>
    await (await registry.openDraft("a", { id: "b" })).commit(wrong),
  commitUpload: (registry, wrong) =>
    commitUpload(registry, { id: "a", files: [{ path: "a" }] }, { name: "a", ...wrong }),
  prune: (registry, wrong) => prune(registry, { keepLast: 1, ...wrong }),
  collectGarbage,
  mirrorRegistry: (registry, wrong) => mirrorRegistry(registry, registry, wrong),
  subscribe: (_, wrong) => createMemoryBus().subscribe("a", () => {}, wrong),
};

testInMemory("a mistyped option that matters is refused", async ({ registry }) => {
  await registry.save("a", 1);
  for (const [name, call] of Object.entries(CALLS)) {
    const message = await invalid(name, () => call(registry, { optoin: 1 }));
    assertMatch(message, /: there is no option optoin/, name);
  }
  const { failed, errors } = await registry.saveMany([
    { name: "b", value: 1, versoin: "2" } as Anything,
  ]);
  assert(failed.length === 1);
  assertMatch(errors.get(0)!.message, /no option versoin: did you mean version/);
  assert(await registry.load("a") === 1 && !await registry.has("b"));
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

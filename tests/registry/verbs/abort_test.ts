import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { isRegistryError } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { setImmediate } from "node:timers";
import { defineMaterializer } from "../../../core/materializer.ts";
import type { FilesToSave, FileToSave } from "../../../core/materializer.ts";
import type { SaveOptions, StoredRegistry } from "../../../core/registry.ts";
import { withoutHanging } from "../../support/without_hanging.ts";
import { collect, rejected } from "../rejected.ts";
import { type HookedCall, type Hooks, withHooks } from "../with_hooks.ts";
import { keysOf, noise, testOnEach } from "../registries.ts";

const reason = new Error("enough");

testOnEach("a save aborted before its commit leaves nothing", async ({ registry, backend }) => {
  const before = await keysOf(backend);
  const controller = new AbortController();
  const onProgress = ({ bytes }: { bytes: number }) =>
    bytes > 2_000_000 && controller.abort(reason);
  const promise = registry.save("a", noise(6_000_000), { signal: controller.signal, onProgress });
  assertStrictEquals(await assertRejects(() => promise), reason);
  assertEquals(await keysOf(backend), before);
  assertEquals((await registry.save("a", "x")).version, "1.0.0");
});

/** Aborts at the record of a version. */
function aborting(when: keyof Hooks, controller: AbortController): Hooks {
  const abort = ({ verb, key }: HookedCall) => {
    if (verb === "put" && key.includes("/versions/")) controller.abort(reason);
  };
  return { [when]: abort };
}

testOnEach("a save aborted during its commit is Unknown", async ({ registry, open }) => {
  const cases = [["1", "small"], ["2", noise(400_000)], [undefined, "small"]] as const;
  for (const [version, value] of cases) {
    const controller = new AbortController();
    const aborted = await open({}, (inner) => withHooks(inner, aborting("before", controller)));
    const error = await rejected(
      "Unknown",
      aborted.save("a", value, { version, signal: controller.signal }),
    );
    assertEquals([error.retry, error.maybeWritten], ["unknown", true]);
    assertStrictEquals(error.cause, reason);
    const there = await registry.has("a", { version: version ?? "3" });
    if (there) {
      assertEquals((await registry.info("a", { version: version ?? "3" })).commit, error.commit);
    }
  }
  assert((await verifyRegistry(registry)).ok);
});

testOnEach("a save that is aborted after its commit succeeds", async ({ registry, open }) => {
  const controller = new AbortController();
  const late = await open({}, (inner) => withHooks(inner, aborting("after", controller)));
  const saved = await late.save("a", noise(400_000), { signal: controller.signal });
  assertEquals((await registry.info("a")).commit, saved.commit);
  assertEquals(await registry.load("a"), noise(400_000));
});

testOnEach("an abort at any call leaves a known state", async ({ registry, open }) => {
  const saves: SaveOptions[] = [{}, { version: "9" }, { idempotencyKey: "k" }, {
    skipIfUnchanged: true,
  }];
  for (const [i, options] of saves.entries()) {
    for (let at = 0, more = true; more; at++) {
      for (const when of ["before", "after"] as const) {
        const name = `n${i}-${at}-${when}`;
        await registry.save(name, "first", { version: "1" });
        more = await saveAborted(registry, name, { ...options, at, when, open });
      }
    }
  }
  assert((await verifyRegistry(registry)).ok);
});

interface Aborted extends SaveOptions {
  at: number;
  when: keyof Hooks;
  open: (
    options: undefined,
    wrap: (backend: StoredRegistry["backend"]) => StoredRegistry["backend"],
  ) => Promise<StoredRegistry>;
}

/** Saves, aborted at the call of this number; false if there were fewer. */
async function saveAborted(
  registry: StoredRegistry,
  name: string,
  { at, when, open, ...options }: Aborted,
): Promise<boolean> {
  const controller = new AbortController();
  let calls = -2; // opening takes two
  const hook = () => void (calls++ === at && controller.abort(reason));
  const aborted = await open(undefined, (inner) => withHooks(inner, { [when]: hook }));
  let outcome: string;
  try {
    const { version } = await aborted.save(name, noise(300_000), {
      ...options,
      signal: controller.signal,
    });
    outcome = version;
  } catch (error) {
    outcome = error === reason ? "nothing" : isRegistryError(error) ? error.code : `${error}`;
  }
  const versions = (await collect(registry.versions(name))).map(({ version }) => version);
  const next = options.version === undefined ? "2.0.0" : "9.0.0";
  if (outcome === "nothing") assertEquals(versions, ["1.0.0"], name);
  else if (outcome === "Unknown") assert(versions.length <= 2, name);
  else assertEquals([outcome, versions], [next, [next, "1.0.0"]], name);
  if (versions.length > 1) assertEquals(await registry.load(name), noise(300_000));
  return calls > at;
}

const given = defineMaterializer<() => FilesToSave>({
  id: "test/given",
  accepts: (value) => typeof value === "function",
  save: (files) => files(),
  load: () => Promise.reject(new Error("not loaded")),
});

/** Content that stalls after these bytes. */
function silentStream(bytes: number, seen: { closed: number }): ReadableStream<Uint8Array> {
  let given = false;
  return new ReadableStream({
    pull(controller) {
      if (given || bytes === 0) return new Promise<void>(() => {});
      given = true;
      controller.enqueue(noise(bytes));
    },
    cancel: () => void seen.closed++,
  }, { highWaterMark: 0 });
}

testOnEach("an abort ends a save of content that stalls", async ({ registry, backend }) => {
  const before = await keysOf(backend);
  const seen = { closed: 0 };
  const silent = () => new Promise<never>(() => {});
  const file = (content: FileToSave["content"]) => () => [{ path: "a", content }];
  const saves: [value: ReadableStream | (() => FilesToSave), closes: number][] = [
    [silentStream(0, seen), 1],
    [silentStream(400_000, seen), 1],
    [file(silentStream(1_000, seen)), 1],
    [file(silentStream(400_000, seen)), 1],
    [file({ size: 1_000, stream: () => silentStream(10, seen) }), 0],
    [silent, 0],
    [async function* () {
      yield { path: "a", content: noise(400_000) };
      await silent();
    }, 0],
  ];
  registry.materializers.register(given);
  for (const [value, closes] of saves) {
    seen.closed = 0;
    const controller = new AbortController();
    const saving = registry.save("a", value, { signal: controller.signal });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    assertStrictEquals(
      await withoutHanging("the end of the save", assertRejects(() => saving)),
      reason,
    );
    assertEquals(seen.closed, closes);
    assertEquals(await keysOf(backend), before);
  }
});

// Finishing a run keeps the points of other calls and programs, and can be completed after a kill.
import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend, openRegistry, type Registry } from "../../../mod.ts";
import { finishRun, openRun, readLoggedRun, readLoggedRuns } from "../../../extensions/runs/mod.ts";
import { collect } from "../../registry/rejected.ts";
import { type HookedCall, type Hooks, withHooks } from "../../registry/with_hooks.ts";
import { pointsOf } from "./run_cases.ts";

/** Calls of the store that change it, and those that read parts. */
const isOfRun = ({ verb, key }: HookedCall) =>
  verb !== "head" && /^(drafts|names|objects)\//.test(key);

Deno.test("points that are logged while a run is finished are stored, or refused", async () => {
  let logged = 0, refused = 0;
  const hooks: Hooks = {};
  const registry = await openRegistry(withHooks(createMemoryBackend(), hooks), { cache: false });
  const run = await openRun(registry, "m", { id: "1" });
  const log = () => {
    try {
      run.log({ loss: 1 });
      logged++;
    } catch {
      refused++;
    }
  };
  log();
  Object.assign(hooks, { before: log, after: log });
  await run.finish([1, 2]);
  Object.assign(hooks, { before: undefined, after: undefined });
  assert(logged > 3 && refused > 3, `${logged} ${refused}`);
  assertEquals((await pointsOf(registry, "m")).length, logged);
  await registry.close();
});

Deno.test("points whose flush resolves while another program finishes are in the version", async () => {
  let calls = 0;
  for (let at = 0; at <= calls; at++) {
    const inner = createMemoryBackend();
    const hooks: Hooks = {};
    const registry = await openRegistry(withHooks(inner, hooks), { cache: false });
    const other = await openRegistry(inner, { cache: false });
    const run = await openRun(other, "m", { id: "1" });
    run.log({ loss: 1 });
    await run.flush();
    let stored = 1;
    calls = 0;
    hooks.before = async (call) => {
      if (!isOfRun(call) || calls++ !== at) return;
      run.log({ loss: 2 });
      await run.flush().then(() => stored++, () => {});
    };
    await finishRun(registry, "m", { id: "1" });
    // A point that lands while the run closes may be there although its flush is refused.
    const count = (await pointsOf(other, "m")).length;
    assert(count === stored || count === 2, `call ${at}: ${count} of ${stored}`);
    await run.close().catch(() => {});
    await Promise.all([registry.close(), other.close()]);
  }
  assert(calls > 10);
});

/** Finishes a run whose program is killed before its `at`th call; false if it has ended before. */
async function finishKilled(
  at: number,
): Promise<{ inner: ReturnType<typeof createMemoryBackend> } | undefined> {
  const inner = createMemoryBackend();
  const killed = Promise.withResolvers<void>();
  let calls = -1;
  const store = withHooks(inner, {
    async before(call) {
      if (calls < 0 || !isOfRun(call) || calls++ < at) return;
      killed.resolve();
      await new Promise(() => {}); // never goes on
    },
  });
  const registry = await openRegistry(store, { cache: false });
  const run = await openRun(registry, "m", { id: "1", params: { rate: 1 } });
  for (let i = 0; i < 3; i++) run.log({ loss: i });
  await run.flush();
  calls = 0;
  const ended = run.finish({ weights: [1, 2] });
  const isKilled = await Promise.race([killed.promise.then(() => true), ended.then(() => false)]);
  return isKilled ? { inner } : undefined;
}

async function stateOf(registry: Registry): Promise<string> {
  const runs = await collect(readLoggedRuns(registry));
  const versions = await collect(registry.versions("m"));
  assertEquals(runs.length + versions.length, 1, "it is a run or a version");
  return runs[0]?.state ?? "finished";
}

Deno.test("a run that was killed in its finish is listed until it is finished by another program", async () => {
  const states = new Set<string>();
  let at = 0;
  for (;; at++) {
    const killed = await finishKilled(at);
    if (killed === undefined) break;
    const other = await openRegistry(killed.inner, { cache: false });
    const state = await stateOf(other);
    states.add(state);
    assertEquals((await readLoggedRun(other, "m", { id: "1" })).state, state);
    const saved = await finishRun(other, "m", { id: "1" });
    assertEquals((await finishRun(other, "m", { id: "1" })).version, saved.version);
    assertEquals(await stateOf(other), "finished");
    assertEquals((await pointsOf(other, "m")).length, 3);
    const { metadata } = await other.info("m");
    assertEquals([metadata.params, metadata.metrics, metadata.curves], [
      { rate: 1 },
      { loss: 2, "loss.min": 0 },
      "history.jsonl",
    ]);
    // Once the run is closed, its version has the value that was sent.
    if (state !== "running") assertEquals(await other.load("m"), { weights: [1, 2] }, `call ${at}`);
  }
  assert(at > 15, `${at}`);
  assertEquals([...states].sort(), ["finishing", "running"]);
});

Deno.test("a finished run whose version was deleted and collected is in no list", async () => {
  const { collectGarbage } = await import("../../../extensions/maintenance/mod.ts");
  const registry = await openRegistry("memory:");
  const run = await openRun(registry, "m", { id: "1" });
  run.log({ loss: 1 });
  await run.finish();
  await registry.save("m", "another");
  await registry.delete("m@1");
  await collectGarbage(registry, { now: true });
  assertEquals(await collect(readLoggedRuns(registry)), []);
  await registry.close();
});

Deno.test("parts of the console that nobody can read do not keep a run from its end", async () => {
  const registry = await openRegistry(createMemoryBackend(), { cache: false });
  const run = await openRun(registry, "m", { id: "1" });
  const draft = await registry.openDraft("m", { id: "run:1" });
  const texts = ["{", "3", '{"offset":0}', '{"offset":0,"content":["2026-01-01T00:00:00 a",3]}'];
  for (const [at, text] of texts.entries()) {
    const content = new TextEncoder().encode(text);
    await draft.addPart(`stream-00000000000000${at}-2-0-c-x`, [{ path: "output.log", content }]);
  }
  await run.finish({ weights: [1] });
  assertEquals(await registry.load("m"), { weights: [1] });
  const bytes = await (await registry.open("m")).file("output.log").bytes();
  assertEquals(new TextDecoder().decode(bytes), "a\n3\n");
  await registry.close();
});

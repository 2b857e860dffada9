import { assert, assertEquals, assertThrows } from "@std/assert";
import { openRegistry, RegistryError } from "../../../mod.ts";
import { unavailable } from "../../../core/errors.ts";
import { realSystem, silentLogger, type System } from "../../../core/system.ts";
import { nextTurn } from "../../../core/work/next_turn.ts";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { finishRun, openRun, type RunValues } from "../../../extensions/runs/mod.ts";
import { readLoggedRun, readLoggedRuns } from "../../../extensions/runs/mod.ts";
import { OpenedRun } from "../../../extensions/runs/opened_run.ts";
import { testService } from "../../apps/client/service.ts";
import { testOnEach } from "../../registry/registries.ts";
import { collect } from "../../registry/rejected.ts";
import { withHooks } from "../../registry/with_hooks.ts";
import { LIFE_CASES } from "./life_cases.ts";
import { parsePoints, pointsOf, RUN_CASES } from "./run_cases.ts";

for (const { name, run } of [...RUN_CASES, ...LIFE_CASES]) {
  testOnEach(name, async ({ registry, open }) => {
    const other = await open();
    await run({ registry, other });
    await other.close();
  });
  testService(`${name} (service)`, async ({ open }) => {
    await run({ registry: await open(), other: await open() });
  });
}

/** A system whose sleeps end when the test says so. */
function createHeldSystem() {
  const waits: { ms: number; end(): void }[] = [];
  let nowMs = Date.UTC(2026, 0, 1);
  const system: System = {
    ...realSystem,
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        waits.push({ ms, end: () => (nowMs += ms, resolve()) });
      }),
  };
  const pass = async (ms: number) => {
    const due = waits.splice(0);
    assertEquals(due.map((wait) => wait.ms), [ms]);
    due[0].end();
    await settled();
  };
  return { system, waits, pass, advance: (ms: number) => void (nowMs += ms) };
}

/** Waits until memory has answered everything. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await nextTurn();
}

Deno.test("points are sent after a second, later after longer, and never while nothing is logged", async () => {
  const { system, waits, pass, advance } = createHeldSystem();
  const registry = await openRegistry("memory:", { system });
  const run = await openRun(registry, "m", { id: "1" });
  const stored = async () => (await readLoggedRun(registry, "m", { id: "1" })).points;
  assertEquals(waits, []);
  run.log({ loss: 1 });
  run.log({ loss: 2 });
  assertEquals(await stored(), 0);
  await pass(1_000);
  assertEquals([await stored(), waits.length], [2, 0]);
  advance(3_600_000 - 1_000);
  run.log({ loss: 3 });
  await pass(6_000);
  advance(86_400_000);
  run.log({ loss: 4 });
  await pass(30_000);
  assertEquals(await stored(), 4);
  assertEquals((await readLoggedRun(registry, "m", { id: "1" })).state, "running");
  advance(121_000);
  assertEquals((await collect(readLoggedRuns(registry, { name: "m" })))[0].state, "silent");
  await run.finish();
  await registry.close();
});

Deno.test("a store that does not answer delays no point and loses none", async () => {
  const { system, pass, waits } = createHeldSystem();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  let isGone = false;
  const store = withHooks(createMemoryBackend(), {
    before({ key }) {
      if (isGone && key.startsWith("drafts/")) {
        throw unavailable("put", key, "gone", { hint: "Wait." });
      }
    },
  });
  const registry = await openRegistry(store, { system, logger, retryForMs: 0 });
  const run = await openRun(registry, "m", { id: "1" });
  isGone = true;
  run.log({ loss: 1 });
  await pass(1_000);
  run.log({ loss: 2 });
  await pass(2_000);
  assertEquals(warnings.filter((text) => text.includes("tried again")).length, 1);
  isGone = false;
  await pass(4_000);
  assertEquals([(await readLoggedRun(registry, "m", { id: "1" })).points, waits.length], [2, 0]);
  await run.finish();
  assertEquals(await pointsOf(registry, "m"), [{ step: 0, loss: 1 }, { step: 1, loss: 2 }]);
  await registry.close();
});

Deno.test("a run that another program has finished says once that no point is stored any more", async () => {
  const { system, pass, waits } = createHeldSystem();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  const registry = await openRegistry("memory:", { system, logger });
  const run = await openRun(registry, "m", { id: "1" });
  run.log({ loss: 1 });
  await run.flush();
  await pass(1_000);
  await finishRun(registry, "m", { id: "1" });
  run.log({ loss: 2 });
  await pass(1_000);
  run.log({ loss: 3 });
  assertEquals([warnings.length, waits.length], [1, 0]);
  assert(warnings[0].endsWith("No later point is stored."), warnings[0]);
  await registry.close();
});

Deno.test("a part that was stored without a reply is not added twice", async () => {
  const { system, pass } = createHeldSystem();
  let lost = 0;
  const store = withHooks(createMemoryBackend(), {
    after({ verb, key }) {
      if (verb === "put" && key.includes("/points-") && lost++ === 0) {
        throw unavailable("put", key, "no reply", { hint: "Wait.", maybeWritten: true });
      }
    },
  });
  const registry = await openRegistry(store, { system, retryForMs: 0 });
  const run = await openRun(registry, "m", { id: "1" });
  run.log({ loss: 1 });
  await pass(1_000);
  run.log({ loss: 2 });
  await run.flush();
  await run.finish();
  assertEquals(lost > 1, true);
  assertEquals(await pointsOf(registry, "m"), [{ step: 0, loss: 1 }, { step: 1, loss: 2 }]);
  await registry.close();
});

Deno.test("points beyond the memory for those that wait are left out, and counted", async () => {
  const { system } = createHeldSystem();
  const warnings: string[] = [];
  const logger = { warn: (text: string) => void warnings.push(text) };
  const registry = await openRegistry("memory:", { system });
  const name = { name: "m", id: "1" };
  const { writer } = await openRun(registry, "m", { id: "1" });
  const draft = await registry.openDraft("m", { id: "run:1" });
  const finish = (options: object) => finishRun(registry, "m", { id: "1", ...options });
  const update = () => Promise.resolve();
  const parts = { registry, draft, writer, system, logger, finish, update, mostCharacters: 10_000 };
  const run = new OpenedRun(name, parts);
  for (let i = 0; i < 100; i++) run.log({ text: "x".repeat(200) });
  assertEquals(warnings.length, 1);
  await run.flush();
  run.log({ last: 1 });
  await run.finish();
  const { metadata } = await registry.info("m");
  const { points, pointsLeftOut } = metadata.run as { points: number; pointsLeftOut: number };
  assert(points > 30 && points < 50, `${points}`);
  assertEquals(points + pointsLeftOut, 101);
  await registry.close();
});

Deno.test("values are stored exactly, or refused", async () => {
  const registry = await openRegistry("memory:");
  const run = await openRun(registry, "m", { id: "1" });
  const exact: RunValues = {
    step: 2 ** 53,
    nan: NaN,
    high: Infinity,
    low: -Infinity,
    tiny: 5e-324,
    large: 1.7976931348623157e308,
    sum: 0.1 + 0.2,
    none: null,
    isDone: true,
    'a "b"/ü\n': "text\u2028",
    "": 1,
    __proto__x: 1,
    group: { deep: { deeper: { deepest: 1 } } },
  };
  run.log(exact);
  run.log(JSON.parse('{"__proto__": 1, "step": 1, "zero": -0.0}'));
  run.log({ "_time": 5, loss: 1 });
  const date = new Date(0);
  for (const value of [undefined, 1n, [1], date, new Float32Array(1), () => 1, Symbol()]) {
    const error = assertThrows(() => run.log({ loss: value as never }), RegistryError);
    assertEquals(error.code, "Invalid");
    assert(error.hint !== undefined && error.message.includes('"loss"'), error.message);
  }
  const deep = { a: { b: { c: { d: { e: { f: 1 } } } } } };
  for (
    const values of [
      ...[null, [1], 1, deep, { a: "\ud800" }, { "\ud800": 1 }, { a: "x".repeat(1_001) }],
      ...[{}, { step: 1 }, { step: 1, _time: 1 }, { a: { b: {} } }],
      ...["a", NaN, Infinity, null, true, { b: 1 }].flatMap((wrong) => [
        { step: wrong, loss: 1 },
        { _time: wrong, loss: 1 },
      ]),
    ]
  ) {
    assertThrows(() => run.log(values as never), RegistryError);
  }
  await run.flush();
  const { lines } = await readLoggedRun(registry, "m", { id: "1" });
  const [first, second, third, ...more] = parsePoints(lines);
  assertEquals(first, { ...exact, nan: "NaN", high: "Infinity", low: "-Infinity" });
  assert(Object.is(second.zero, -0) && Object.hasOwn(second, "__proto__"));
  assertEquals([third, more], [{ step: 2, loss: 1 }, []]);
  await run.finish();
  assertThrows(() => run.log({ loss: 1 }), RegistryError, "it has ended");
  await registry.close();
});

Deno.test("the best values of measures are metrics beside the last ones, if they fit", async () => {
  const registry = await openRegistry("memory:");
  const metricsOf = async (points: readonly RunValues[]) => {
    const run = await openRun(registry, "m");
    for (const point of points) run.log(point);
    const { version } = await run.finish();
    return (await registry.info(`m@${version}`)).metadata.metrics;
  };
  const points: RunValues[] = [
    { step: 1, loss: 0.5, val: { acc: 0.1, loss: NaN }, lr: 3, score: "a", once: { f1: 1 } },
    { step: 2, loss: 0.25, val: { acc: 0.9, loss: 2 }, lr: 2, "auc.max": 7, auc: 0.5 },
    { step: 3, loss: NaN, val: { acc: 0.4, loss: 3 }, lr: 4, score: 2, auc: -0 },
  ];
  assertEquals(await metricsOf(points), {
    loss: "NaN",
    val: { acc: 0.4, loss: 3, "acc.max": 0.9, "loss.min": 2 },
    lr: 4,
    score: 2,
    once: { f1: 1 },
    "auc.max": 7,
    auc: 0,
    "loss.min": 0.25,
  });
  const many = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`loss${i}`, i]));
  const metrics = Object.keys(await metricsOf([many, many]) as object);
  assertEquals(metrics.slice(0, 900), Object.keys(many)); // last values come first
  assert(metrics.length > 900 && metrics.length < 1_800, `${metrics.length}`);
  await registry.close();
});

Deno.test("10,000 names are all in the curve, and as many in the metadata as fit", async () => {
  const registry = await openRegistry("memory:");
  const run = await openRun(registry, "m", { id: "1" });
  run.log(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`name ${i}`, i])));
  await run.finish();
  const { metadata } = await registry.info("m");
  const metrics = Object.keys(metadata.metrics as object);
  assert(metrics.length > 500 && metrics.length <= 1_000, `${metrics.length}`);
  assertEquals((metadata.run as { metricsLeftOut: boolean }).metricsLeftOut, true);
  const [point] = await pointsOf(registry, "m") as [Record<string, number>];
  assertEquals(Object.keys(point).length, 10_001);
  await registry.close();
});

Deno.test("parameters that metadata cannot hold are refused before the run begins", async () => {
  const registry = await openRegistry("memory:");
  const big = { text: "x".repeat(40_000) };
  for (const params of [big, { rate: NaN }, { f: () => 1 }] as Record<string, unknown>[]) {
    let code = "";
    await openRun(registry, "m", { params }).catch((error) => void (code = error.code));
    assertEquals(code, "Invalid");
  }
  assertEquals(await collect(readLoggedRuns(registry, { name: "m" })), []);
  await registry.close();
});

Deno.test("a part that may have been stored when its program gave up is restored once", async () => {
  const { system } = createHeldSystem();
  for (const isStored of [false, true]) {
    let isGone = false;
    const store = withHooks(createMemoryBackend(), {
      [isStored ? "after" : "before"]({ verb, key }: { verb: string; key: string }) {
        if (!isGone || verb !== "put" || !key.includes("/points-")) return;
        throw unavailable("put", key, "no reply", { hint: "Wait.", maybeWritten: true });
      },
    });
    const registry = await openRegistry(store, { system, retryForMs: 0, cache: false });
    const run = await openRun(registry, "m", { id: "1" });
    run.log({ loss: 1 });
    isGone = true;
    await run.flush().catch(() => {});
    run.log({ loss: 2 });
    const kept = run.abandon().split("\n");
    isGone = false;
    const later = await openRun(registry, "m", { id: "1" });
    await later.restore(kept);
    await later.restore(kept);
    await later.finish();
    assertEquals(await pointsOf(registry, "m"), [{ step: 0, loss: 1 }, { step: 1, loss: 2 }]);
    await registry.close();
  }
});

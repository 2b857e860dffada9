import { assertEquals } from "@std/assert";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalBackend } from "../backends/local.ts";
import { createMemoryBackend } from "../backends/memory.ts";
import { realSystem, type System } from "../core/system.ts";
import { runSeed } from "./simulate/run_seed.ts";
import { type AtOnceOptions, simulateAtOnce } from "./simulate/parallel/simulate_at_once.ts";
import type { Violation } from "./simulate/simulate.ts";
import { rowsOfRun, seedCount, seedRange, slowTest } from "./support/seeds.ts";
import { withLeftOut, withSimulatedTime } from "./simulate/stores/with_simulated_time.ts";

const SEED = realSystem.env("HOLDFAST_SEED");
const RANGE: AtOnceOptions = SEED === undefined
  ? seedRange(300)
  : { firstSeed: Number(SEED), seeds: 1 };
const LOCAL_SEEDS = Math.min(100, seedCount(300) / 5);

function report(violations: Violation[]): string {
  const lines = violations.map(({ invariant: promise, message }) => `${promise}: ${message}`);
  if (violations.length === 0) return "";
  const [{ seed, schedule, replay }] = violations;
  return [`seed ${seed} ("${schedule}") broke a promise`, ...lines, `replay: ${replay}`].join("\n");
}

Deno.test("simulation: the same seed gives the same trace", async () => {
  for (const seed of rowsOfRun([1, 2, 3, 5, 8, 13, 21, 34])) {
    const once = await runSeed(seed);
    const again = await runSeed(seed);
    assertEquals(once.traceHash, again.traceHash, `seed ${seed}`);
  }
});

slowTest("simulation: other seeds give other traces", async () => {
  const hashes = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) hashes.add((await runSeed(seed)).traceHash);
  assertEquals(hashes.size, 20);
});

Deno.test("simulation: faults, pauses and kills break no promise", async () => {
  const { violations } = await simulateAtOnce(RANGE);
  assertEquals(violations, [], report(violations));
});

slowTest("simulation: any number of threads finds the same", async () => {
  const [one, three] = await Promise.all(
    [1, 3].map((workers) => simulateAtOnce({ seeds: 25, workers })),
  );
  assertEquals(one, three);
  assertEquals(one.runs, 25);
});

slowTest("simulation: a disk keeps every promise, with the traces of memory", async () => {
  const root = mkdtempSync(
    join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "holdfast-simulate-"),
  );
  try {
    for (let seed = 1; seed <= LOCAL_SEEDS; seed++) {
      const path = join(root, String(seed));
      const store = (world: System) =>
        withSimulatedTime(createLocalBackend({ path, durability: "os" }), world);
      const memory = (system: System) => ({
        ...withLeftOut(createMemoryBackend({ system, id: "simulated" })),
        disk: { locking: "link", layout: "folded" } as const, // so that it is asked for its registry as often as a disk
      });
      const { schedule, findings, traceHash } = await runSeed(seed, { store });
      assertEquals(findings, [], `seed ${seed} ("${schedule}") broke a promise on a disk`);
      assertEquals(traceHash, (await runSeed(seed, { store: memory })).traceHash);
      rmSync(path, { recursive: true, force: true });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

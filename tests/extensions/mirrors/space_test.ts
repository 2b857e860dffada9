// The space of registries with random histories, and of their mirrors.
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Backend } from "../../../core/backend.ts";
import { decodeName, encodeName } from "../../../core/naming/names.ts";
import { parseReleasedMark } from "../../../registry/format/layout.ts";
import {
  measureSpace,
  measureVersions,
  type SpaceReport,
} from "../../../extensions/maintenance/mod.ts";
import { HOUR } from "../../registry/protocol_world.ts";
import { seedRange } from "../../support/seeds.ts";
import { histories, play } from "./random_registries.ts";

const { firstSeed, seeds } = seedRange(20, "HOLDFAST_PLAN_SEEDS");

async function namesIn(store: Backend): Promise<Set<string>> {
  const keys = [...await sizesBelow(store, ["names/", "objects/"])].map(([key]) => key);
  return new Set(keys.map((key) => decodeName(key.split("/")[1]!)!));
}

async function bytesBelow(store: Backend, folders: readonly string[]): Promise<number> {
  const sizes = [...await sizesBelow(store, folders)];
  return sizes.reduce((sum, [, size]) => sum + size, 0);
}

/** Returns the sizes of records and payload, without marks of releases. */
async function sizesBelow(store: Backend, folders: readonly string[]) {
  const sizes = new Map<string, number>();
  for (const folder of folders) {
    for await (const entry of store.list(folder)) {
      if ("key" in entry && parseReleasedMark(entry.key) === undefined) {
        sizes.set(entry.key, entry.size);
      }
    }
  }
  return sizes;
}

Deno.test("measureSpace() measures each name as measureVersions() and a list do", async () => {
  const property = fc.asyncProperty(histories, async (history) => {
    const { from, to } = await play(history);
    for (const { store, open } of [from, to]) {
      const { registry } = await open();
      const report = await measureSpace(registry);
      assertEquals(report.failures, []);
      assertEquals(new Set(report.names.map(({ name }) => name)), await namesIn(store));
      for (const { name, versions, size, bytes } of report.names) {
        const each = (await measureVersions(registry, name)).versions;
        const stored = await bytesBelow(
          store,
          ["names", "objects"].map((top) => `${top}/${encodeName(name)}/`),
        );
        assertEquals(
          [versions, size, bytes],
          [each.length, each.reduce((sum, { size }) => sum + size, 0), stored],
        );
      }
    }
  });
  await fc.assert(property, { seed: firstSeed, numRuns: seeds });
});

const measured = ({ names, days, garbage, failures }: SpaceReport) => ({
  names,
  days,
  garbage,
  failures,
});

Deno.test("measureSpace() finds the same with a table, after any history and change", async () => {
  const property = fc.asyncProperty(histories, async (history) => {
    const { from, to } = await play(history);
    for (const world of [from, to]) {
      const { registry } = await world.open();
      for (const change of [undefined, "save", "delete"] as const) {
        for (const hours of [0, 1, 25, 40 * 24]) {
          world.advance(hours * HOUR);
          const quick = await measureSpace(registry);
          const whole = await measureSpace(registry, { all: true });
          assertEquals(measured(quick), measured(whole));
        }
        for (const name of ["a", "m:1"]) {
          if (change === "save") await registry.save(name, new Uint8Array(90_000));
          if (change === "delete") await registry.delete(name).catch(() => {});
        }
      }
    }
  });
  await fc.assert(property, { seed: firstSeed, numRuns: Math.ceil(seeds / 4) });
});

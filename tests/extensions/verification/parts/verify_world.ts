// Registries with every way to store files, for tests of what a run of `verify` reads.
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { Backend } from "../../../../core/backend.ts";
import type { OpenOptions, StoredRegistry } from "../../../../core/registry.ts";
import { openRegistry } from "../../../../mod.ts";
import type { VerifyReport } from "../../../../apps/maintenance.ts";
import { createRandom, type Random } from "../../../simulate/random.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { fileSet } from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";

const KIB = 1024;
export const DAY = 24 * 3_600_000;

export interface VerifyWorld {
  registry: StoredRegistry;
  backend: Backend;
  random: Random;
  /** Opens the registry on another machine with the same clock. */
  open(options?: OpenOptions, wrap?: (backend: Backend) => Backend): Promise<StoredRegistry>;
  advance(ms: number): void;
}

/** Creates a registry. Odd seeds have a store that is read like a bucket, others like a disk. */
export async function createVerifyWorld(seed: number): Promise<VerifyWorld> {
  let now = Date.UTC(2026, 0, 1, 3);
  const scripted = createScriptedSystem();
  const system = { ...scripted, now: () => now };
  const memory = createMemoryBackend({ system });
  const backend = seed % 2 === 1 ? { ...memory, kind: "far" } : memory;
  const open: VerifyWorld["open"] = (options, wrap = (same) => same) =>
    openRegistry(wrap(backend), { cache: false, system, ...options });
  return {
    registry: await open({ mutable: true }),
    backend,
    random: createRandom(seed),
    open,
    advance: (ms) => void (now += ms),
  };
}

/**
 * Saves packs of small files, versions that share files and chunks, compressed files and values
 * inside records, with aliases, keys, deletions and lineage; and objects of other programs.
 */
export async function fillAtRandom({ registry, backend, random }: VerifyWorld): Promise<void> {
  const large = noise(600 * KIB, random.int(1000));
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 6; i++) files[`${i}.bin`] = noise(KIB * (1 + random.int(40)), random.int(9));
  for (let version = 1; version <= 4; version++) {
    large.set(noise(12 * KIB, random.int(1000)), random.int(580) * KIB);
    await registry.save("large", large);
    files[`${random.int(6)}.bin`] = noise(KIB * (1 + random.int(40)), random.int(1000));
    await registry.save("pack", { ...files, large, "empty.bin": new Uint8Array() }, {
      as: fileSet,
      inputs: [`large@${version}`],
    });
  }
  await registry.save("zipped", noise(90 * KIB, 3), { compress: "gzip" });
  await registry.save("small", "text", { idempotencyKey: "k" });
  await registry.save("small", "other", { version: "1", onConflict: "overwrite" });
  for (const version of ["1", "2"]) await registry.setAlias("large", "live", version);
  await registry.delete(`pack@${1 + random.int(2)}`);
  for (const key of ["readme.txt", "names/x.txt", "scratch/other", "objects/a", "notes/of/ann"]) {
    await backend.put(key, new Uint8Array(3));
  }
}

/** The counts of a report, which those of all its parts add up to. */
export function countsOf(
  { versions, records, files, bytes, unseen: { files: left, ...unseen }, lineage, later }:
    VerifyReport,
): Record<string, number> {
  const { notes, stale } = lineage ?? { notes: 0, stale: 0 };
  const ofLater = { left, bytesLater: later?.bytes ?? 0 };
  return { versions, records, files, bytes, notes, stale, ...ofLater, ...unseen };
}

export function sumOf(reports: readonly VerifyReport[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const report of reports) {
    for (const [name, count] of Object.entries(countsOf(report))) {
      sum[name] = (sum[name] ?? 0) + count;
    }
  }
  return sum;
}

/** The problems of reports, each once. */
export function problemsOf(reports: readonly VerifyReport[]): string[] {
  const problems = reports.flatMap((report) =>
    report.problems.map(({ ref, code, record, path }) => `${code} ${ref} ${path} ${record}`)
  );
  return [...new Set(problems)].sort();
}

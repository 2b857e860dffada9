// A registry that a program of tomorrow writes, with members that this one does not know.
import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { openRegistry, publishRelease } from "../../../mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { changeSettings } from "../../../registry/tools/settings.ts";
import { annotate } from "../../../registry/mod.ts";
import { fileSet } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { TOMORROW, writtenTomorrow } from "./with_members.ts";

export interface World {
  store: Backend;
  /** The program of tomorrow. */
  tomorrow: StoredRegistry;
  today: StoredRegistry;
}

export async function createWorld(options: { mutable?: boolean } = {}): Promise<World> {
  const store = createMemoryBackend();
  const tomorrow = await openRegistry(writtenTomorrow(store), { ...options, by: "ann" });
  return { store, tomorrow, today: await openRegistry(store, { by: "bob" }) };
}

export const LARGE: Uint8Array = noise(300_000);
const MANY = Object.fromEntries(
  Array.from({ length: 1_500 }, (_, n) => [`file-${n}`, new Uint8Array(n % 50).fill(n)]),
);

/** Writes each kind of record. */
export async function fill({ tomorrow }: World): Promise<Record<string, unknown>> {
  const values = { "small@1": { n: 1 }, "large@1": LARGE, "many@1": MANY, "made@1": "made" };
  await tomorrow.save("small", values["small@1"], {
    metadata: { n: 1 },
    idempotencyKey: "k",
    alias: "live",
  });
  await tomorrow.save("large", LARGE);
  await tomorrow.save("many", MANY, { as: fileSet });
  const { digest } = await tomorrow.info("small");
  const inputs = [{ ref: "small@1.0.0", digest }, "large@1"];
  await tomorrow.save("made", "made", { inputs });
  await tomorrow.save("gone", LARGE, { metadata: { kept: true }, inputs });
  await tomorrow.delete("gone@1");
  await annotate(tomorrow, "small@1", { notes: "good", labels: { stage: "a" } });
  await annotate(tomorrow, "small", { labels: { of: "name" } });
  await publishRelease(tomorrow, "serving", { model: "large@1" });
  await changeSettings(tomorrow, { graceMs: 30 * 3_600_000 });
  await changeRules(tomorrow, { set: { pattern: "made", protect: true } });
  return values;
}

export const load = (registry: StoredRegistry, ref: string): Promise<unknown> =>
  registry.load(ref, ref.startsWith("many") ? { as: fileSet } : {});

/** Asserts that objects have the member, by their path in a record. */
export function assertKept(record: Record<string, unknown>, paths: readonly string[]): void {
  for (const path of paths) {
    let at: unknown = record;
    for (const member of path === "" ? [] : path.split(".")) {
      at = (at as Record<string, unknown> | undefined)?.[member];
    }
    assertEquals(
      (at as typeof TOMORROW | undefined)?.tomorrow,
      TOMORROW.tomorrow,
      path || "itself",
    );
  }
}

/** Objects of a version whose record is written again. */
export const OF_VERSION: readonly string[] = ["", "materializer", "files.0", "inputs.0"];

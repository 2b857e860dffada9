// Registries with rules of a program of tomorrow.
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { SettingsRecord } from "../../../core/record.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { openRegistry } from "../../../mod.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import { recordKey, SETTINGS } from "../../../registry/format/layout.ts";
import { keysOf } from "../registries.ts";

export type Rule = Record<string, unknown>;

export const RULES: Record<string, Rule> = {
  "only members of tomorrow": { pattern: "m", keepYearly: 2 },
  "a retention with more": { pattern: "m", keepLast: 1, keepYearly: 2 },
  "a protection with more": { pattern: "m", protect: true, until: "2030-01-01" },
  "another value": { pattern: "m", protect: "softly" },
  "another condition": { pattern: "m", keepWhere: { metadata: "good" } },
  "a pattern for all names": { pattern: "*", lock: true },
  "no pattern": { names: ["m"], protect: true },
};

/** Writes the settings as a program of tomorrow would, with these rules. */
export async function setRules({ backend }: StoredRegistry, rules: readonly Rule[]): Promise<void> {
  const [key] = await keysOf(backend, SETTINGS);
  const { record } = decodeRecord(await (await backend.get(key!))!.bytes(), key!);
  const { settings, generation, commit } = record as SettingsRecord;
  const next = {
    ...record,
    registry: generation === 1 ? commit : (record as SettingsRecord).registry,
    generation: generation + 1,
    settings: { ...settings, rules },
  } as unknown as SettingsRecord;
  await backend.put(recordKey(SETTINGS, generation + 1), encodeRecord(next), { mode: "create" });
}

/** Opens a mutable registry with versions and aliases of "m" and "other", and one rule. */
export async function openWith(rule: Rule): Promise<StoredRegistry> {
  const store = createMemoryBackend();
  const first = await openRegistry(store, { mutable: true });
  for (const name of ["m", "other"]) {
    for (const value of [1, 2, 3]) await first.save(name, value);
    for (const version of ["1", "2"]) await first.setAlias(name, "live", version);
  }
  for (const value of [1, 2, 3]) await first.save("plain", value);
  await setRules(first, [{ pattern: "kept:*", keepLast: 3 }, rule]);
  return await openRegistry(store);
}

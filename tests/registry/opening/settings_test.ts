import { assertEquals, assertMatch } from "@std/assert";
import type { SettingsRecord } from "../../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import type { Backend } from "../../../core/backend.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { keysOf, testInMemory, testOnEach } from "../registries.ts";

const HOUR_MS = 3_600_000;

async function settingsRecord(backend: Backend): Promise<{ key: string; record: SettingsRecord }> {
  const [key] = await keysOf(backend, "settings/");
  const object = await backend.get(key);
  return { key, record: decodeRecord(await object!.bytes(), key).record as SettingsRecord };
}

testOnEach("settings are fixed at creation", async ({ open }) => {
  const again = await open();
  assertEquals([again.settings.versioned, again.settings.mutable, again.settings.graceMs], [
    false,
    true,
    2 * HOUR_MS,
  ]);
  const same = await open({ versioned: false, mutable: true, graceMs: 2 * HOUR_MS });
  assertEquals(same.id, again.id);
}, { versioned: false, mutable: true, graceMs: 2 * HOUR_MS });

testOnEach("other settings are refused", async ({ registry, backend, open }) => {
  const before = await keysOf(backend);
  for (const option of [{ versioned: false }, { mutable: true }, { graceMs: 2 * HOUR_MS }]) {
    const [name] = Object.keys(option);
    const error = await rejected("Invalid", open(option));
    assertMatch(error.message, new RegExp(`with ${name}: .*created with ${name}: `));
    assertMatch(error.hint!, new RegExp(`Leave ${name} out`));
  }
  assertEquals(await keysOf(backend), before);
  assertEquals((await open()).id, registry.id);
});

testInMemory("graceMs is a whole number of at least an hour", async ({ open }) => {
  for (const graceMs of [0, -1, HOUR_MS - 1, 1.5 * HOUR_MS + 0.5, NaN, Infinity]) {
    const backend = createMemoryBackend();
    await rejected("Invalid", openRegistry(backend, { graceMs }), /hour/);
    assertEquals(await keysOf(backend), []);
  }
  await rejected("Invalid", open({ graceMs: 5 }));
  assertEquals(
    (await openRegistry(createMemoryBackend(), { graceMs: HOUR_MS })).settings.graceMs,
    HOUR_MS,
  );
});

testOnEach("a newer format is refused and not touched", async ({ backend, open }) => {
  const { key, record } = await settingsRecord(backend);
  await backend.put(key, encodeRecord({ ...record, format: "holdfast/2" }));
  const error = await rejected("Unsupported", open());
  assertMatch(error.message, /"holdfast\/2"/);
  assertMatch(error.hint!, /newer/);
  assertEquals(error.key, key);
  assertEquals(await keysOf(backend), [key]);
});

testOnEach("unknown fields are accepted", async ({ registry, backend, open }) => {
  const { key, record } = await settingsRecord(backend);
  const settings = { ...record.settings, color: "red" };
  await backend.put(key, encodeRecord({ ...record, settings, later: { x: 1 } } as SettingsRecord));
  const again = await open();
  assertEquals(again.id, registry.id);
  await again.save("a", 1);
});

testOnEach("damaged settings are Corrupt", async ({ registry, backend, open }) => {
  await registry.save("a", 1);
  const { key, record } = await settingsRecord(backend);
  const whole = encodeRecord(record);
  for (
    const bytes of [
      new Uint8Array(),
      whole.slice(0, 40),
      whole.map((byte, i) => i === 50 ? byte ^ 1 : byte),
    ]
  ) {
    await backend.put(key, bytes);
    for (const options of [{}, { create: true, versioned: false }]) {
      assertEquals((await rejected("Corrupt", open(options))).key, key);
    }
  }
  assertEquals(await keysOf(backend, "settings/"), [key]);
  await backend.put(key, whole);
  assertEquals(await (await open()).load("a"), 1);
});

testInMemory("settings of another kind are Corrupt", async ({ registry, backend, open }) => {
  await registry.save("a", 1);
  const { key } = await settingsRecord(backend);
  const [version] = await keysOf(backend, "names/");
  await backend.put(key, await (await backend.get(version))!.bytes());
  assertEquals((await rejected("Corrupt", open())).key, key);
});

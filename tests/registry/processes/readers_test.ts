import { assert, assertEquals } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import { isRegistryError, verifyRegistry } from "../../../mod.ts";
import { numberedValue, numberOf } from "../programs/numbered_value.ts";
import { collect } from "../rejected.ts";
import { testOnEach } from "../registries.ts";

testOnEach(
  "a reader finds a version whole or not at all while it is saved and deleted again",
  async ({ registry, open }) => {
    let writing = true;
    const writer = (async () => {
      for (let i = 0; writing; i++) {
        await registry.save("kept", numberedValue(i), { version: "1", onConflict: "overwrite" });
        await realSystem.sleep(realSystem.random() * 3); // out of step with the reader
        await registry.delete("kept@1");
      }
    })();
    const reader = await open();
    let found = 0;
    try {
      for (let i = 0; i < 100 || (found < 20 && i < 5_000); i++) {
        const values = [
          reader.get("kept"),
          reader.load("kept@1").catch(ifNotFound),
          reader.load("kept@^1").catch(ifNotFound),
          collect(reader.entries()).then((entries) => entries[0]?.[1]),
        ];
        for (const value of await Promise.all(values)) {
          if (value !== undefined) found += numberOf(value) >= 0 ? 1 : 0;
        }
      }
    } finally {
      writing = false;
      await writer;
    }
    assert(found >= 20);
    assertEquals((await verifyRegistry(registry)).ok, true);
  },
  { mutable: true },
);

function ifNotFound(error: unknown): undefined {
  if (!isRegistryError(error, "NotFound")) throw error;
}

testOnEach(
  "many at once save, overwrite, delete and set aliases, and all that is acknowledged holds",
  async ({ registry, open }) => {
    const others = await Promise.all(Array.from({ length: 4 }, () => open()));
    const saved = await Promise.all(
      others.flatMap((other, who) =>
        Array.from({ length: 15 }, (_, i) => other.save("all", { who, i }))
      ),
    );
    assertEquals(new Set(saved.map(({ version }) => version)).size, 60);
    assertEquals(
      (await collect(registry.versions("all"))).map(({ version }) => version)[0],
      "60.0.0",
    );
    const gone = saved.filter((_, i) => i % 3 === 0);
    const outcomes = await Promise.all(
      gone.map(({ version }, i) => others[i % 4].delete(`all@${version}`)),
    );
    assert(outcomes.every(Boolean));
    const left = new Set((await collect(registry.versions("all"))).map(({ version }) => version));
    for (const [i, { version }] of saved.entries()) {
      assertEquals(left.has(version), i % 3 !== 0);
      if (i % 3 !== 0) {
        assertEquals(await registry.load(`all@${version}`), { who: Math.floor(i / 15), i: i % 15 });
      }
    }
  },
);

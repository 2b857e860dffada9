import { asMap } from "../../../registry/contract/map.ts";
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import { isRegistryError, openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../registry/maintenance.ts";
import { numberedValue, numberOf } from "../programs/numbered_value.ts";
import { collect } from "../rejected.ts";
import { testOnEach } from "../registries.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { watchProcess } from "../../support/watch_process.ts";
import { readAgainAndAgain } from "./read_again.ts";

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
          collect(asMap(reader).entries()).then((entries) => entries[0]?.[1]),
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

const READS = 150;
/** How often it must have been overwritten beside them. */
const OVERWRITES = 30;

Deno.test({
  name: "no reader fails while another process overwrites what it reads",
  ignore: process.versions.deno === undefined,
  async fn() {
    const root = await tempRoot();
    try {
      const path = root.join("registry");
      const registry = await openRegistry(path, { mutable: true, durability: "os" });
      await registry.save("kept", numberedValue(0), { version: "1" });
      const permissions = [`--allow-read=${root.path}`, `--allow-write=${root.path}`];
      const args = [path, "link", "1", "os"];
      const writer = watchProcess(
        spawnDeno("tests/registry/programs/overwrite_forever.ts", args, { permissions }),
      );
      const written = (await writer.lines(1)).length; // it is at work
      let reads = 0;
      await writer.until(async () => {
        await readAgainAndAgain(registry, 10);
        return (reads += 10) >= READS && (await writer.lines(1)).length >= written + OVERWRITES;
      });
      await writer.stop("SIGKILL");
    } finally {
      await root.remove();
    }
  },
});

import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createLocalBackend, isRegistryError, openRegistry } from "../../../mod.ts";
import type { Locking } from "../../../core/backend.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { watchProcess } from "../../support/watch_process.ts";
import { collect } from "../rejected.ts";
import { existsSync, readdirSync } from "node:fs";
import { realSystem } from "../../../core/system.ts";
import { numberedValue, numberOf } from "../programs/numbered_value.ts";
import { keysOf, testOnEach } from "../registries.ts";
import { withAge } from "../with_age.ts";
import { asMap } from "../../../registry/contract/map.ts";
import { readAgainAndAgain } from "./read_again.ts";

const PROCESSES = 8, SAVES = 25;
const ignore = process.versions.deno === undefined;

for (const locking of ["link", "file"] satisfies Locking[]) {
  Deno.test({
    name: `${PROCESSES} processes with ${SAVES} automatic saves each make ${
      PROCESSES * SAVES
    } versions without gaps (${locking})`,
    ignore,
    async fn() {
      const root = await tempRoot();
      try {
        const path = root.join("registry");
        const saved = await saveFromManyProcesses(path, locking, root.path);
        const all = saved.flat().map((version) => Number(version.split(".")[0])).sort((a, b) =>
          a - b
        );
        assertEquals(all, Array.from({ length: PROCESSES * SAVES }, (_, i) => i + 1));
        assert(
          saved.some((versions) =>
            Number.parseInt(versions.at(-1)!) - Number.parseInt(versions[0]) > SAVES
          ),
          "they never ran at once",
        );

        const registry = await openRegistry(path);
        const listed = (await collect(registry.versions("counted"))).map(({ version }) => version);
        assertEquals(listed, all.map((number) => `${number}.0.0`).reverse());
        for (const [label, versions] of saved.entries()) {
          for (const [i, version] of versions.entries()) {
            assertEquals(await registry.load(`counted@${version}`), `${label} ${i}`);
          }
        }
        const { ok, versions } = await verifyRegistry(registry);
        assertEquals([ok, versions], [true, PROCESSES * SAVES]);
      } finally {
        await root.remove();
      }
    },
  });
}

/** Returns what each of several processes saved, started together in an empty folder. */
async function saveFromManyProcesses(
  path: string,
  locking: Locking,
  allowed: string,
): Promise<string[][]> {
  const permissions = [`--allow-read=${allowed}`, `--allow-write=${allowed}`];
  const programs = Array.from(
    { length: PROCESSES },
    (_, label) => {
      const args = [path, locking, `${SAVES}`, `${label}`];
      return watchProcess(
        spawnDeno("tests/registry/programs/save_numbered.ts", args, { permissions }),
      );
    },
  );
  for (const program of programs) await program.lines(1); // it is ready
  for (const program of programs) await program.say("go");
  return await Promise.all(programs.map(async ({ ended }) => {
    const { code, stdout, stderr } = await ended;
    assertEquals([code, stderr], [0, ""]);
    return JSON.parse(stdout.split("\n")[1]);
  }));
}

const KILLS = 10;
const WEEK_MS = 7 * 24 * 3_600_000;

for (const locking of ["link", "file"] satisfies Locking[]) {
  Deno.test({
    name:
      "kill -9 of a saving process loses nothing that was acknowledged, and leftovers are collected " +
      `(${locking})`,
    ignore,
    async fn() {
      const root = await tempRoot();
      try {
        const path = root.join("registry");
        let last = -1, leftovers = 0;
        for (let kill = 0; kill < KILLS; kill++) {
          const durability = kill % 3 === 0 ? "disk" : "os";
          const acknowledged = await killWhileSaving(path, [
            locking,
            `${last + 1}`,
            durability,
          ], root.path);
          const backend = createLocalBackend({ path, locking });
          const registry = await openRegistry(backend);
          last = numberOf(await registry.load("kept@1"));
          assert(
            last === acknowledged || last === acknowledged + 1,
            `${last} is there, ${acknowledged} was acknowledged`,
          );
          const { ok, problems } = await verifyRegistry(registry);
          assert(ok, JSON.stringify(problems));

          const later = await openRegistry(withAge(backend, WEEK_MS));
          const report = await collectGarbage(later);
          assertEquals([report.failures, report.voids], [[], []]);
          leftovers += report.removed.stage.count + report.removed.payload.count;
          assertEquals(readdirSync(`${path}/.stage`), []);
          const { commit } = await registry.info("kept");
          assertEquals(
            (await keysOf(backend, "objects/")).filter((key) => !key.includes(commit)),
            [],
          );
          assertEquals((await keysOf(backend, "names/")).length <= 2, true);
          assertEquals(numberOf(await registry.load("kept")), last);
        }
        assert(leftovers > 0, "there was never anything to collect");
      } finally {
        await root.remove();
      }
    },
  });
}

Deno.test({
  name: "kill -9 of a process that creates a registry leaves a folder that opens",
  ignore,
  async fn() {
    const root = await tempRoot();
    try {
      for (let kill = 0; kill < 8; kill++) {
        const path = root.join(`registry ${kill}`);
        const permissions = [`--allow-read=${root.path}`, `--allow-write=${root.path}`];
        const program = watchProcess(
          spawnDeno("tests/registry/programs/overwrite_forever.ts", [
            path,
            "link",
            "0",
            "disk",
          ], {
            permissions,
          }),
        );
        await program.until(() => existsSync(path));
        await realSystem.sleep(realSystem.random() * 8); // any moment will do
        await program.stop("SIGKILL");
        const registry = await openRegistry(path, { mutable: true });
        await registry.save("kept", "mine", { version: "1", onConflict: "overwrite" });
        assertEquals(await registry.load("kept"), "mine");
        assertEquals((await verifyRegistry(registry)).ok, true);
      }
    } finally {
      await root.remove();
    }
  },
});

/** Kills a saving program at some moment. Returns the last number that was acknowledged. */
async function killWhileSaving(path: string, args: string[], allowed: string): Promise<number> {
  const permissions = [`--allow-read=${allowed}`, `--allow-write=${allowed}`];
  const program = watchProcess(
    spawnDeno("tests/registry/programs/overwrite_forever.ts", [path, ...args], { permissions }),
  );
  await program.lines(1 + Math.floor(realSystem.random() * 6));
  await realSystem.sleep(realSystem.random() * 15); // any moment will do
  const { stdout } = await program.stop("SIGKILL");
  return Number(stdout.trimEnd().split("\n").at(-1));
}

testOnEach(
  "a reader sees a version whole or not at all",
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
  "concurrent saves, overwrites, deletions and aliases all hold",
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
/** Least number of concurrent overwrites. */
const OVERWRITES = 30;

Deno.test({
  name: "no reader fails while another process overwrites",
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

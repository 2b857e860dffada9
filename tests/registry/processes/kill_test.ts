import { assert, assertEquals } from "@std/assert";
import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import type { Locking } from "../../../core/backend.ts";
import { realSystem } from "../../../core/system.ts";
import { collectGarbage, verifyRegistry } from "../../../registry/maintenance.ts";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { watchProcess } from "../../support/watch_process.ts";
import { numberOf } from "../programs/numbered_value.ts";
import { keysOf } from "../registries.ts";
import { withAge } from "../with_age.ts";

const KILLS = 10;
const WEEK_MS = 7 * 24 * 3_600_000;
/** Programs are run by Deno's own executable. */
const ignore = process.versions.deno === undefined;

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
          assertEquals(
            (await keysOf(backend, "names/")).length <= 2,
            true,
            "the head and the first generation",
          );
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

/** Lets the program save until it is killed at some moment; returns the last number that it heard was saved. */
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

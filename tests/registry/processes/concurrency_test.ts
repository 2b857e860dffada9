import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../registry/maintenance.ts";
import type { Locking } from "../../../core/backend.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { watchProcess } from "../../support/watch_process.ts";
import { collect } from "../rejected.ts";

const PROCESSES = 8, SAVES = 25;
/** Programs are run by Deno's own executable. */
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

/** What each of the processes, begun together in an empty folder, was told that it saved. */
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

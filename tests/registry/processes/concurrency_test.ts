import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { openRegistry, verifyRegistry } from "../../../mod.ts";
import type { Locking } from "../../../core/backend.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
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
        const all = saved.flat().map((version) => Number(version.split(".")[0])).sort((a, b) => a - b);
        assertEquals(all, Array.from({ length: PROCESSES * SAVES }, (_, i) => i + 1));
        assert(
          saved.some((versions) => Number.parseInt(versions.at(-1)!) - Number.parseInt(versions[0]) > SAVES),
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
async function saveFromManyProcesses(path: string, locking: Locking, allowed: string): Promise<string[][]> {
  const permissions = [`--allow-read=${allowed}`, `--allow-write=${allowed}`];
  const children = Array.from(
    { length: PROCESSES },
    (_, label) =>
      spawnDeno("tests/registry/programs/save_numbered.ts", [path, locking, `${SAVES}`, `${label}`], { permissions }),
  );
  const outputs = children.map((child) => child.stdout.pipeThrough(new TextDecoderStream()).getReader());
  for (const output of outputs) assertEquals((await output.read()).value, "ready\n");
  await Promise.all(children.map(async ({ stdin }) => await new Blob(["go\n"]).stream().pipeTo(stdin)));
  return await Promise.all(children.map(async (child, i) => {
    let text = "";
    for (let next = await outputs[i].read(); !next.done; next = await outputs[i].read()) text += next.value;
    const errors = await new Response(child.stderr).text();
    const { code } = await child.status;
    assertEquals([code, errors], [0, ""]);
    return JSON.parse(text);
  }));
}

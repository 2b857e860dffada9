// A process that saves versions of one large file, of which each shares most bytes with the version
// before, and is killed.
import { Buffer } from "node:buffer";
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import type { Locking } from "../../../core/backend.ts";
import type { Registry } from "../../../core/registry.ts";
import { realSystem } from "../../../core/system.ts";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { type TempRoot, tempRoot } from "../../support/temp_root.ts";
import { watchProcess } from "../../support/watch_process.ts";
import { changedValue } from "../programs/changed_value.ts";
import { collect } from "../rejected.ts";
import { withAge } from "../with_age.ts";

const KILLS = 8;
const WEEK_MS = 7 * 24 * 3_600_000;

/** Returns the numbers of all versions, each read and compared, the newest first. */
async function readAll(registry: Registry): Promise<number[]> {
  const versions = await collect(registry.versions("grown"));
  const numbers = versions.map(({ version }) => Number.parseInt(version));
  for (const number of numbers) {
    const value = await registry.load(`grown@${number}`);
    assert(Buffer.from(changedValue(number)).equals(value as Uint8Array), `version ${number}`);
  }
  return numbers;
}

for (const locking of ["link", "file"] satisfies Locking[]) {
  Deno.test({
    name:
      "kill -9 of a process that saves changed versions of a file: every acknowledged version " +
      `reads back, also after gc (${locking})`,
    ignore: process.versions.deno === undefined,
    async fn() {
      const root = await tempRoot();
      try {
        await killWhileSaving(root, locking);
      } finally {
        await root.remove();
      }
    },
  });
}

async function killWhileSaving(root: TempRoot, locking: Locking): Promise<void> {
  const path = root.join("registry");
  const permissions = [`--allow-read=${root.path}`, `--allow-write=${root.path}`];
  const expected = new Set<number>();
  let last = 0, leftovers = 0, shared = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const durability = kill % 3 === 0 ? "disk" : "os";
    const args = [path, locking, durability, `${last + 1}`];
    const options = { permissions };
    const program = watchProcess(
      spawnDeno("tests/registry/programs/save_changed.ts", args, options),
    );
    await program.lines(1 + Math.floor(realSystem.random() * 3));
    await realSystem.sleep(realSystem.random() * 40); // any moment will do
    const { stdout } = await program.stop("SIGKILL");
    const acknowledged = Number(stdout.trimEnd().split("\n").at(-1));
    for (let number = last + 1; number <= acknowledged; number++) expected.add(number);

    const backend = createLocalBackend({ path, locking });
    const registry = await openRegistry(backend, { cache: false });
    const found = await readAll(registry);
    last = found[0]!;
    assert(last === acknowledged || last === acknowledged + 1, `${last}, ${acknowledged}`);
    expected.add(last); // it may have been committed, and not acknowledged
    assertEquals(found, [...expected].toSorted((a, b) => b - a));
    assert((await verifyRegistry(registry)).ok);

    // Other versions need the bytes that they share with a deleted one.
    const gone = found[Math.floor(realSystem.random() * found.length)]!;
    if (gone !== last && expected.delete(gone)) await registry.delete(`grown@${gone}`);
    const report = await collectGarbage(await openRegistry(withAge(backend, WEEK_MS)));
    assertEquals([report.failures, report.voids], [[], []]);
    leftovers += report.removed.stage.count + report.removed.payload.count;
    assertEquals(await readAll(registry), [...expected].toSorted((a, b) => b - a));
    const { addedBytes } = await registry.save("grown", changedValue(++last), {
      version: `${last}`,
    });
    expected.add(last);
    if (addedBytes! < 1_000_000) shared++;
  }
  assert(leftovers > 0, "there was never anything to collect");
  assert(shared > 0, "no version shared bytes");
}

import { assert, assertEquals } from "@std/assert";
import { runDeno } from "../../support/run_deno.ts";

const MIB = 1024 * 1024;
const ignore = Deno.build.os !== "linux";
const why = ignore ? " (ignored: only Linux says how much memory a process had at most)" : "";

/** The outcome of loading an archive in a separate process, and its peak of additional memory, MiB. */
async function load(
  kind: string,
  mebibytes: number,
  maxRatio = 200,
): Promise<{ outcome: unknown; took: number }> {
  const args = [kind, String(mebibytes), String(maxRatio)];
  const { stdout, stderr } = await runDeno("tests/formats/archive/memory_program.ts", args, {
    permissions: ["-A"],
  });
  assert(stdout !== "", stderr);
  return JSON.parse(stdout);
}

Deno.test({
  name: `tgz: 1 MB that unpacks to 1 GB is refused long before that${why}`,
  ignore,
  async fn() {
    const { outcome, took } = await load("tgz", 1023);
    assertEquals(outcome, "Unsupported");
    assert(took < 500, `it took ${took} MiB`);
  },
});

Deno.test({
  name: `tgz: an archive that is allowed is in memory once${why}`,
  ignore,
  async fn() {
    const { outcome, took } = await load("tgz", 512, 2000);
    assertEquals(outcome, 512 * MIB);
    assert(took < 512 + 256, `it took ${took} MiB`);
  },
});

Deno.test({
  name: `npz: an array is in memory once${why}`,
  ignore,
  async fn() {
    const { outcome, took } = await load("npz", 256);
    assertEquals(outcome, 256 * MIB);
    assert(took < 256 + 128, `it took ${took} MiB`);
  },
});

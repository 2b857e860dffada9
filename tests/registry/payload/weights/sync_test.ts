// Weights that a trainer sends to samplers: each of them is killed again and again.
import { assert, assertEquals } from "@std/assert";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { openRegistry } from "../../../../mod.ts";
import { createLocalBackend } from "../../../../backends/local.ts";
import { createRandom } from "../../../simulate/random.ts";
import { REPOSITORY, runDeno } from "../../../support/run_deno.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { assertVerifies } from "../shared_bytes.ts";
import { PATH, statesOf } from "./training.ts";

const STEPS = 16;

/** A store that is read like a bucket, and kills its program at a call. */
const HEAD = `
import process from "node:process";
import { createLocalBackend } from "${REPOSITORY}/backends/local.ts";
import { sha256 } from "${REPOSITORY}/core/bytes/digest.ts";
import { openRegistry } from "${REPOSITORY}/mod.ts";
import { AS, PATH, statesOf, VALUES } from "${REPOSITORY}/tests/registry/payload/weights/training.ts";
const [path, at, to] = process.argv.slice(2);
const inner = createLocalBackend({ path, durability: "os" });
let calls = 0;
const counted = (call) => (...args) => {
  if (String(++calls) === at) process.kill(process.pid, "SIGKILL");
  return call(...args);
};
const store = { ...inner, kind: "far", get: counted(inner.get), put: counted(inner.put) };
const registry = await openRegistry(store, { cache: false });
`;

const TRAINER = `${HEAD}
let latest = 0;
for await (const _ of registry.versions("policy")) latest++;
for (const [i, state] of statesOf(${STEPS}).entries()) {
  if (i >= latest) await registry.save("policy", { [PATH]: state }, { ...VALUES, version: String(i + 1) });
}
`;

const SAMPLER = `${HEAD}
for await (const { version } of registry.watch("policy", { intervalMs: 5 })) {
  if (version === undefined) continue;
  await registry.download("policy@" + version, { to: to + "/", overwrite: true });
  console.log(version, sha256(await Deno.readFile(to + "/" + PATH)));
  if (version === "${STEPS}.0.0") process.exit(0);
}
`;

testInRoot("samplers have the weights of their trainer, though all are killed", async (root) => {
  const path = root.join("registry"), random = createRandom(5);
  await (await openRegistry(createLocalBackend({ path, durability: "os" }))).close();
  const digests = statesOf(STEPS).map((state) => sha256(state));
  let kills = 0, updates = 0;
  const play = async (source: string, name: string, check: (stdout: string) => void) => {
    const program = root.join(`${name}.ts`);
    await Deno.writeTextFile(program, source);
    for (let run = 1;; run++) {
      const at = run > 8 ? "never" : String(10 + random.int(40 * run));
      const permissions = ["-A", "--no-check"];
      const { code, stdout, stderr } = await runDeno(program, [path, at, root.join(name)], {
        permissions,
      });
      check(stdout);
      if (code === 0) return;
      assertEquals(stderr, "");
      kills++;
    }
  };
  const checkSampler = (stdout: string) => {
    for (const line of stdout.split("\n").filter((line) => line !== "")) {
      const [version = "", digest] = line.split(" ");
      assertEquals(digest, digests[parseInt(version) - 1], version);
      updates++;
    }
  };
  await Promise.all([
    play(TRAINER, "trainer", () => {}),
    play(SAMPLER, "one", checkSampler),
    play(SAMPLER, "two", checkSampler),
  ]);
  for (const name of ["one", "two"]) {
    assertEquals(sha256(await Deno.readFile(root.join(name, PATH))), digests.at(-1));
  }
  assert(kills > 2 && updates > 2, `${kills} kills, ${updates} updates`);
  await assertVerifies(await openRegistry(createLocalBackend({ path, durability: "os" })));
});

import { assert, assertEquals } from "@std/assert";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { sha256 } from "../../core/bytes/digest.ts";
import { localPath, openRegistry } from "../../mod.ts";
import { statesOf } from "../registry/payload/weights/training.ts";
import { kindsOfShare } from "../support/seeds.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";
import { type InstalledPackage, runIn, RUNTIMES, sharedPackage } from "./npm/installed_package.ts";
import { VALUES } from "./npm/library_programs.ts";

Deno.test("weights are saved and fetched by values on Node and Bun", async () => {
  const at = await sharedPackage();
  await using root = await tempRoot();
  for (const name of kindsOfShare("values", RUNTIMES)) await saveByValues(name, at, root);
});

async function saveByValues(
  name: string,
  { project, env, runtime }: InstalledPackage,
  root: TempRoot,
): Promise<void> {
  const folder = root.join(`values-${name}`), states = statesOf(3);
  for (const [i, state] of states.entries()) {
    await mkdir(join(folder, `${i + 1}`), { recursive: true });
    await writeFile(join(folder, `${i + 1}`, "policy.safetensors"), state);
  }
  const place = join(folder, "registry"), registry = await openRegistry(place);
  const fileOf = (n: number) => localPath(join(folder, `${n}`, "policy.safetensors"));
  for (const n of [1, 2]) await registry.save("policy", fileOf(n), { share: "values" });
  const program = join(project, "values.mjs");
  await writeFile(program, VALUES);
  const command = [await runtime(name), program, place, folder, join(folder, "copy")];
  const { stdout, stderr } = await runIn({ cwd: project, env }, command);
  assertEquals(stderr, "", name);
  const { digests, addedBytes, fetched } = JSON.parse(stdout), all = states.map((it) => sha256(it));
  assertEquals(digests, [...all, all[1], all[2]], name);
  const { length } = states[2]!;
  assert(addedBytes < 0.15 * length && fetched < 0.3 * length, `${name}: ${stdout}`);
  const file = (await registry.open("policy@3")).file("policy.safetensors");
  assertEquals(sha256(await file.bytes()), all[2], name); // as Deno reads it
}

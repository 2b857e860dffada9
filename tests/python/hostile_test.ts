// Registries that another program damaged or forged, read by Python, and targets that it refuses.
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { openRegistry } from "../../mod.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { seedRange } from "../support/seeds.ts";
import { canMount, smallDisk } from "../support/small_disk.ts";
import { ENVIRONMENT, python, pythonTest, runProgram } from "./reader.ts";

pythonTest("Python reports damage of any kind as its own error", async (root) => {
  const path = root.join("registry");
  const registry = await openRegistry(path, { mutable: true, cache: false });
  for (let i = 0; i < 3; i++) await registry.save("a", { i, map: new Map([[1, new Date(0)]]) });
  await registry.save("b", { big: new Uint8Array(70_000), floats: new Float32Array(9) });
  await registry.save("c", Array.from({ length: 20 }, () => new Uint8Array(5_000)));
  await registry.setAlias("a", "prod", "1");
  await registry.delete("a@2");
  await registry.close();
  const { firstSeed, seeds } = seedRange(140);
  const script = join(REPOSITORY, "tests/python/hostile.py");
  const { success, stdout, stderr } = await new Deno.Command(python!, {
    args: [script, path, root.path, `${firstSeed}`, `${seeds}`],
    env: ENVIRONMENT,
  }).output();
  const text = new TextDecoder();
  assertEquals(text.decode(stderr), "", `from seed ${firstSeed}`);
  assert(success && Number(text.decode(stdout)) > seeds / 4);
});

const ON_MOUNT = `
import sys
import holdfast

try:
    holdfast.open_registry(sys.argv[1]).download("a", sys.argv[2])
except holdfast.HoldfastError as error:
    print(error.code, error.message.endswith("it is a mount point"))
`;

if (canMount) {
  pythonTest("a mount point is refused as the target of a download at once", async (root) => {
    const place = root.join("registry");
    await using registry = await openRegistry(place, { cache: false });
    await registry.save("a", 1);
    await using disk = await smallDisk(1 << 20); // no rename replaces it
    const lines = await runProgram(ON_MOUNT, { args: [place, disk.path] });
    assertEquals(lines, ["Invalid True"]);
  });
}

// Python reads and saves files that are stored by values: in a folder, and through a service.
import { assert, assertEquals, assertLess } from "@std/assert";
import { join } from "node:path";
import { sha256 } from "../../../core/bytes/digest.ts";
import { openFile } from "../../../registry/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { PATH, saveStates, statesOf } from "../../registry/payload/weights/training.ts";
import { counted } from "../../registry/payload/weights/world.ts";
import { MIB } from "../../registry/payload/shared_bytes.ts";
import { createRandom } from "../../simulate/random.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { openFolder } from "../../registry/create_registry.ts";
import { walkFiles } from "../../apps/walk_files.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const STATES = statesOf(8), LAST = STATES[7]!;

const READ = `
import hashlib, json, sys
import holdfast

location, token, asked = sys.argv[1:]
registry = holdfast.connect(location, token=token) if token else holdfast.open_registry(location)
for ref, ranges in json.loads(asked):
    try:
        file = registry.open(ref).file("model.safetensors")
        whole = hashlib.sha256(file.read()).hexdigest()
        print(whole, *(hashlib.sha256(file.range(*range)).hexdigest() for range in ranges))
    except holdfast.HoldfastError as error:
        print(type(error).__name__)
`;

pythonTest(
  "files that are stored by values are read from a folder, and a service",
  async (root) => {
    const location = root.join("registry"), random = createRandom(3);
    await using registry = await openFolder(location, { cache: false });
    await saveStates(registry, STATES);
    for (let version = 2; version < 8; version++) await registry.delete(`a@${version}`);
    await collectGarbage(registry, { now: true });
    const ranges = Array.from({ length: 20 }, (_, i) => {
      return [random.int(LAST.length), random.int(i < 15 ? 5000 : MIB)] as const;
    });
    const slices = ranges.map(([offset, size]) => sha256(LAST.subarray(offset, offset + size)));
    const asked = JSON.stringify([["a@8", ranges], ["a@1", []]]);
    const right = [[sha256(LAST), ...slices].join(" "), sha256(STATES[0]!)];
    await using service = served(registry);
    for (const args of [[location, ""], [service.location, service.token!]]) {
      assertEquals(await runProgram(READ, { args: [...args, asked] }), right);
    }
    // each damaged byte is found
    const objects = await Array.fromAsync(walkFiles(join(location, "objects")));
    assert(objects.length > 1);
    for (const path of objects) {
      const bytes = await Deno.readFile(path), at = random.int(bytes.length);
      bytes[at]! ^= 16;
      await Deno.chmod(path, 0o644);
      await Deno.writeFile(path, bytes);
      const args = [location, "", JSON.stringify([["a@8", [[5, 100]]]])];
      const [answer] = await runProgram(READ, { args });
      const file = await openFile(registry, "a@8", { path: PATH });
      const isRead = await file.bytes().then(() => true, () => false);
      assertEquals(answer === "Corrupt", !isRead, `${answer} after a flip at ${at} of ${path}`);
      bytes[at]! ^= 16;
      await Deno.writeFile(path, bytes);
    }
  },
);

const SAVE = `
import sys
from pathlib import Path
import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
for path in sys.argv[3:]:
    registry.save("b", Path(path), share="values")
try:
    registry.save("b", 1, share="numbers")
except holdfast.Invalid as error:
    print(error)
`;

pythonTest("Python saves by values through a service", async (root) => {
  await using registry = await openFolder(root.join("registry"), { cache: false });
  const paths: string[] = [];
  for (const [i, state] of STATES.slice(0, 3).entries()) {
    await Deno.mkdir(root.join(`${i}`));
    paths.push(root.join(`${i}`, PATH));
    await Deno.writeFile(paths[i]!, state);
  }
  await using service = served(registry, ["read:*", "save:*"]);
  const [refused] = await runProgram(SAVE, { args: [service.location, service.token!, ...paths] });
  assert(refused!.includes("Cannot save \"b\": 'numbers' is not a value of share"), refused);
  const objects = await Array.fromAsync(walkFiles(root.join("registry", "objects")));
  const sizes = await Promise.all(objects.map(async (path) => (await Deno.stat(path)).size));
  assertLess(sizes.reduce((sum, size) => sum + size), 1.3 * LAST.length, String(sizes));
  for (let i = 0; i < 3; i++) {
    const file = await openFile(registry, `b@${i + 1}`, { path: PATH });
    assertEquals(await file.bytes(), STATES[i]);
  }
});

const FOLLOW = `
import hashlib, sys
import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
for ref in sys.argv[3:]:
    print(hashlib.sha256(registry.open(ref).file("model.safetensors").read()).hexdigest())
`;

pythonTest("a service with a cache reads from its bucket what each version added", async (root) => {
  const { store, backend, fetched } = counted();
  const states = STATES.slice(0, 5);
  const added = await saveStates(await openRegistry(store, { cache: false }), states);
  await using registry = await openRegistry(backend, { cache: { path: root.join("cache") } });
  await using service = served(registry);
  for (const [i, state] of states.entries()) {
    const ref = `a@${i + 1}`, args = [service.location, service.token!, ref, ref];
    fetched();
    assertEquals(await runProgram(FOLLOW, { args }), [sha256(state), sha256(state)]);
    assertLess(fetched() / state.length, 1.05 * added[i]!, ref);
  }
});

const VECTORS = `
import json, sys
from holdfast.files.weights import Values, Work, groups_in

values = json.load(open(sys.argv[1]))["values"]
base, planes, file = (bytes.fromhex(values[name]) for name in ("base", "planes", "file"))
sizes = len(file), len(planes), len(base)
groups = groups_in(bytes.fromhex(values["groups"]), *sizes)
opened = Values(groups, lambda a, b: planes[a:b], lambda a, b: base[a:b], "a file")
print(b"".join(opened.range(0, len(file), Work(len(file)))) == file)
print(b"".join(opened.range(3, 30, Work(len(file)))) == file[3:30])
print([what for what, each in values["notGroups"].items() if groups_in(bytes.fromhex(each), *sizes) is not None])
`;

pythonTest("Python decodes the values of FORMAT.md's vectors", async () => {
  const args = [join(REPOSITORY, "tests/fixtures/format_vectors.json")];
  assertEquals(await runProgram(VECTORS, { args }), ["True", "True", "[]"]);
});

// Ranges of damaged files, read by Python from the folder, through a service and through fsspec.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { openFolder } from "../registry/create_registry.ts";
import { assert, assertEquals } from "@std/assert";
import { sha256 } from "../../core/bytes/digest.ts";
import { localPath, openRegistry } from "../../mod.ts";
import { type Flip, flip, saveRanged } from "../registry/payload/ranges/ranged_versions.ts";
import { createRandom } from "../simulate/random.ts";
import { seedRange } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";
import { ENVIRONMENT, type Place, python, pythonTest, runProgram } from "./reader.ts";
import { served, startReader, why } from "./reader.ts";

const WAYS = ["range", "cat_file", "open"];

Deno.test({
  name: `no range of a damaged file has wrong bytes in Python${why}`,
  ignore: python === undefined,
  async fn() {
    await using root = await tempRoot();
    await using reader = startReader();
    const location = root.join("registry");
    await using registry = await openFolder(location, { cache: false, durability: "os" });
    const files = await saveRanged(registry);
    await using service = served(registry);
    const places: Place[] = [{ location }, { location: service.location, token: service.token }];
    const read = async (range: Flip["ranges"][number], place: Place, by: string) => {
      const { bytes: _, ...asked } = range;
      const answer = await reader.ask<string | { error: string }>({
        ask: "range",
        by,
        ...asked,
        ...place,
      });
      return typeof answer === "string" ? answer : answer.error;
    };
    const { firstSeed, seeds } = seedRange(40);
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const { key, ranges, undo } = await flip(registry, files, createRandom(seed));
      for (const range of ranges) {
        const { ref, path, bytes, offset, length } = range;
        const right = sha256(bytes.subarray(offset, offset + length));
        for (const place of places) {
          for (const by of WAYS) {
            const given = await read(range, place, by);
            const what = `${length} bytes at ${offset} of ${path} of ${ref}: ${given}`;
            assert(
              given === right || given === "Corrupt" ||
                place.token !== undefined && given === "Unavailable", // it broke off
              `seed ${seed}, ${by} of ${place.location}: ${what}; ${key} is damaged`,
            );
          }
        }
      }
      await undo();
    }
    for (const file of files) {
      const right = sha256(file.bytes.subarray(5, 70_005));
      for (const place of places) {
        for (const by of WAYS) {
          const given = await read({ ...file, offset: 5, length: 70_000 }, place, by);
          assert(given === right, `${by} of ${file.path} of ${file.ref}: ${given}`);
        }
      }
    }
  },
});

const PICKLED = `
import errno, pickle, sys
from holdfast.filesystem import HoldfastFileSystem

files = HoldfastFileSystem(registry=sys.argv[1])
with files.open("large/data.bin") as file:
    file.seek(9_000_000)
    copy = pickle.loads(pickle.dumps(file))
    print(copy.read(3) == file.read(3), copy.size == file.size)
    print(files.cat_file("large/data.bin", 10, 5), files.cat_file("large/data.bin", -3, -1))
with files.open("at/a@b.txt") as file:
    print(files.read_block("at/a@b.txt", 1, 5), file.size, pickle.loads(pickle.dumps(file)).read())
for change in (lambda: files.rm("at/a@b.txt"), lambda: files.cp("at/a@b.txt", "at/b"),
               lambda: files.mv("at/a@b.txt", "at/b"), lambda: files.makedirs("at/b"),
               lambda: files.rmdir("at"), lambda: files.pipe("at/b", b""), lambda: files.open("at/b", "ab")):
    try:
        print(change())
    except OSError as error:
        assert error.errno == errno.EROFS, error
for path in ["at/a@b.txt", "at@latest/a@b.txt", "/at@1/a@b.txt", "team/at/a@b.txt"]:
    try:
        print(files.cat_file(path))
    except FileNotFoundError:
        print("missing")
`;

pythonTest(
  "files of fsspec are pickled, and may have an @ or a first / in their path",
  async (root) => {
    await Deno.mkdir(root.join("at"));
    await Deno.mkdir(root.join("large"));
    await Deno.writeTextFile(root.join("at/a@b.txt"), "at");
    await Deno.writeFile(root.join("large/data.bin"), new Uint8Array(20_000_000));
    {
      await using registry = await openRegistry(root.join("registry"));
      await registry.save("at", localPath(root.join("at")));
      await registry.save("large", localPath(root.join("large")));
    }
    const lines = await runProgram(PICKLED, { args: [root.join("registry")] });
    assertEquals(lines, [
      "True True",
      "b'' b'\\x00\\x00'",
      "b't' 2 b'at'",
      "b'at'",
      "b'at'",
      "b'at'",
      "missing",
    ]);
  },
);

const OVERWRITTEN = `
import sys
from holdfast.filesystem import HoldfastFileSystem

files = HoldfastFileSystem(registry=sys.argv[1], fresh_for=0)
for line in sys.stdin:
    path = "at@1.0.0/data.json"
    print(files.cat_file(path) if files.exists(path) else "missing", flush=True)
`;

pythonTest("fsspec reads an exact version again that was overwritten or deleted", async (root) => {
  await using registry = await openFolder(root.join("registry"), { mutable: true });
  const child = spawn(python!, ["-c", OVERWRITTEN, root.join("registry")], {
    env: ENVIRONMENT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    child.stdin.write("\n");
    return (await lines.next()).value;
  };
  const save = (value: number) =>
    registry.save("at", value, { version: "1.0.0", onConflict: "overwrite" });
  await save(1);
  const answers = [await read()];
  await save(2);
  answers.push(await read());
  await registry.delete("at@1.0.0");
  answers.push(await read());
  child.stdin.end();
  await ended;
  assertEquals(answers, ["b'1'", "b'2'", "missing"]);
});

const COPIES = `
import holdfast, os, sys

artifact = holdfast.open_registry(sys.argv[1]).open("tools")
for path in ["a.csv", "b.csv", "run.sh"]:
    copy = artifact.path(path)
    print(copy.name, copy.read_text(), os.access(copy, os.X_OK), os.stat(copy).st_mode & 0o222)
`;

pythonTest("the copy of a file has its name and its executable bit", async (root) => {
  await Deno.mkdir(root.join("tools"));
  for (const name of ["a.csv", "b.csv", "run.sh"]) {
    await Deno.writeTextFile(root.join("tools", name), "same");
  }
  await Deno.chmod(root.join("tools/run.sh"), 0o755);
  {
    await using registry = await openRegistry(root.join("registry"));
    await registry.save("tools", localPath(root.join("tools")));
  }
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const lines = await runProgram(COPIES, { args: [root.join("registry")], env });
  assertEquals(lines, ["a.csv same False 0", "b.csv same False 0", "run.sh same True 0"]);
});

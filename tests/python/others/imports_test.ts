// Modules that a program loads: those of what it uses.
import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openRegistry } from "../../../mod.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { pythonTest, runProgram } from "../reader.ts";

const PROGRAM = `
import sys
def loaded():
    heavy = ("http.client", "ssl", "subprocess", "numpy", "pandas", "pyarrow", "fsspec", "boto3", "google.cloud.storage", "tqdm")
    return [name for name in heavy if name in sys.modules]
import holdfast
print(loaded(), [name for name in sys.modules if name.startswith("holdfast.")])
holdfast.HoldfastError, holdfast.NotFound
registry = holdfast.open_registry(sys.argv[1])
print(loaded(), registry.load("a"), [name for name in sys.modules if name.startswith("holdfast.client")])
holdfast.connect("http://127.0.0.1:1")
print(loaded())
assert dir(holdfast) == sorted(holdfast.__all__) and all(getattr(holdfast, name) for name in holdfast.__all__)
print(*sorted(f"{each.__module__}.{each.__name__}" for each in map(vars(holdfast).get, holdfast.__all__)), sep="\\n")
`;

pythonTest("a program loads the modules of what it uses, and no other package", async (root) => {
  const place = root.join("registry");
  await using registry = await openRegistry(place);
  await registry.save("a", 1);
  const [none, store, service, ...names] = await runProgram(PROGRAM, { args: [place] });
  assertEquals([none, store, service], ["[] []", "[] 1 []", "['http.client', 'ssl']"]);
  const source = await readFile(join(REPOSITORY, "python/holdfast/__init__.py"), "utf8");
  const imports = Array.from(
    source.matchAll(/^ {4}from \.([\w.]+) import (?:\(([^)]*)\)|(.*))$/gm),
    ([, module, many, one]) =>
      (many ?? one)!.split(",").map((name) => name.trim()).filter((name) => name !== "")
        .map((name) => `holdfast.${module}.${name}`),
  ).flat();
  assertEquals(names, imports.toSorted(), "types are those of the modules that are loaded");
});

// The package on the other versions of Python that it supports, without other packages. With
// `HOLDFAST_DAY` one of them, on other days the next one; the rest of the tests have 3.11.
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { realSystem } from "../../../core/system.ts";
import { environment, linesShown, programOf } from "../../docs/python_programs.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { kindsOfShare } from "../../support/seeds.ts";
import { tempRoot } from "../../support/temp_root.ts";

const run = promisify(execFile);

/** The command of a Python: of the `PATH`, or one that pyenv installed. */
async function findVersion(version: string): Promise<string | undefined> {
  const home = realSystem.env("PYENV_ROOT") ?? join(realSystem.env("HOME") ?? "/", ".pyenv");
  const installed = await readdir(join(home, "versions")).catch(() => []);
  const own = installed.filter((name) => name.startsWith(`${version}.`));
  const commands = own.map((name) => join(home, "versions", name, "bin/python"));
  const isThere = `import sys; assert sys.version.startswith("${version}.")`;
  for (const command of [`python${version}`, ...commands]) {
    if (await run(command, ["-c", isThere]).then(() => true, () => false)) return command;
  }
  return undefined;
}

const VALUES = `
import copy, datetime, inspect, pickle, typing
from pathlib import Path
import holdfast

for each in (holdfast.Registry, holdfast.ServiceRegistry, holdfast.Artifact, holdfast.Draft, holdfast.Run):
    for _, method in inspect.getmembers(each, inspect.isfunction):
        typing.get_type_hints(method)  # the checks of arguments read them
now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
value = {"a": [1, 2**70, float("inf"), None, True], "b": b"\\0", "time": now, "set": {1, 2}}
with holdfast.service(registry="./values") as registry:
    registry.save("value", value, metadata={"loss": float("nan")})
    print(registry.load("value") == value, registry.open("value").metadata)
    Path("folder/inner").mkdir(parents=True)
    Path("folder/inner/file.txt").write_text("text")
    registry.save("folder", Path("folder"))
    print([file.path for file in registry.open("folder").files], registry.open("folder").path("inner/file.txt").read_text())
    run = registry.run("run", params={"lr": 0.1})
    run.log(loss=1.0)
    print(run.finish({"done": 1}).ref)
    artifact = pickle.loads(pickle.dumps(registry.open("value")))
    print(artifact.load() == copy.deepcopy(registry).load("value"))
    try:
        registry.load("absent")
    except holdfast.NotFound as error:
        print(type(error).__name__)
`;

const SHOWN = [
  "True {'loss': nan}",
  "['inner/file.txt'] text",
  "run@1.0.0",
  "True",
  "NotFound",
];

for (const version of kindsOfShare("Python", ["3.10", "3.12", "3.13"])) {
  const python = await findVersion(version);
  Deno.test({
    name: `the package works on Python ${version}, and in processes of each kind${
      python === undefined ? " (ignored: it is not installed)" : ""
    }`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      const env = environment(root.path);
      const shown = async (program: string, folder: string) => {
        const cwd = root.join(folder);
        await mkdir(cwd);
        await writeFile(join(cwd, "program.py"), program);
        return (await run(python!, ["program.py"], { cwd, env })).stdout.trim().split("\n");
      };
      assertEquals(await shown(VALUES, "values"), SHOWN);
      const page = await readFile(join(REPOSITORY, "docs/python_files.md"), "utf8");
      const program = programOf(page, "drafts");
      for (const method of ["fork", "spawn", "forkserver"]) { // 3.14 begins with the last one
        const chosen = "import multiprocessing\nif __name__ == '__main__':\n" +
          `    multiprocessing.set_start_method("${method}")\n`;
        assertEquals(await shown(chosen + program, method), linesShown(program), method);
      }
    },
  });
}

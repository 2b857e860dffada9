// The package itself: types, style, supported versions of Python, and its wheel in an empty
// environment.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { buildPython } from "../../dev/python.ts";
import { findPython } from "../support/numpy.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { serversFolder } from "../support/servers/mod.ts";
import { tempRoot } from "../support/temp_root.ts";

const PACKAGE = join(REPOSITORY, "python");
const python = await findPython("build, hatchling, mypy");
const why = python === undefined ? " (ignored: no Python with build, hatchling and mypy)" : "";

function packageTest(name: string, run: (python: string) => Promise<void>): void {
  Deno.test({ name: `${name}${why}`, ignore: python === undefined, fn: () => run(python!) });
}

async function succeeds(command: string, args: string[], cwd: string): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { cwd })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(" ")}:\n${stdout}${stderr}`);
  }
}

/** Packages without types, and what short programs leave out. */
const OF_OTHERS = `# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportOptionalMemberAccess=false, reportPossiblyUnboundVariable=false
`;

/** Writes the programs of the pages about Python, and of the notebook. */
async function writePrograms(folder: string): Promise<void> {
  await mkdir(folder);
  const page = async (path: string) => await readFile(join(REPOSITORY, path), "utf8");
  const texts = await Promise.all(["docs/python.md", "docs/runs.md", "python/README.md"].map(page));
  const blocks = texts.flatMap((text) =>
    Array.from(text.matchAll(/^```python(?! ignore).*\n([^]*?)^```$/gm), ([, code]) => code!)
  );
  const { cells } = JSON.parse(await page("examples/python.ipynb")) as {
    cells: { cell_type: string; source: string[] }[];
  };
  const code = cells.filter(({ cell_type }) => cell_type === "code");
  blocks.push(code.map(({ source }) => source.join("")).join("\n"));
  assert(blocks.length > 8);
  for (const [i, block] of blocks.entries()) {
    await writeFile(join(folder, `program_${i}.py`), OF_OTHERS + block);
  }
}

packageTest("the types and the style of the Python package hold", async (python) => {
  const ruff = join(dirname(python), "ruff");
  await succeeds(ruff, ["check", "--no-cache", "."], PACKAGE);
  await succeeds(ruff, ["format", "--no-cache", "--check", "."], PACKAGE);
  const cache = join(dirname(serversFolder()), "mypy"); // what it knows of other packages
  await succeeds(python, ["-m", "mypy", "--cache-dir", cache, "holdfast"], PACKAGE);
});

packageTest("mypy and pyright accept the package and programs that use it", async (python) => {
  await using root = await tempRoot();
  await cp(join(PACKAGE, "holdfast"), root.join("holdfast"), { recursive: true });
  await writePrograms(root.join("programs"));
  const mypy = ["-m", "mypy", "--cache-dir", join(dirname(serversFolder()), "mypy_of_programs")];
  const options = ["--strict", "--ignore-missing-imports", "--disable-error-code", "union-attr"];
  await succeeds(python, [...mypy, ...options, "programs"], root.path);
  const settings = { typeCheckingMode: "strict", pythonVersion: "3.10" };
  await writeFile(root.join("pyrightconfig.json"), JSON.stringify(settings));
  const pyright = ["run", "--allow-all", "--no-lock", "npm:pyright@1.1.414"];
  await succeeds(Deno.execPath(), [...pyright, "--pythonpath", python], root.path);
});

packageTest(
  "the wheel, built from the source archive, runs in an empty environment",
  async (python) => {
    await using root = await tempRoot();
    await buildPython(root.join("dist"));
    const files = (await readdir(root.join("dist"))).toSorted();
    assertEquals(files, [
      "holdfast_registry-0.1.0-py3-none-any.whl",
      "holdfast_registry-0.1.0.tar.gz",
    ]);
    await succeeds("python3", ["-m", "venv", "--without-pip", "venv"], root.path);
    const own = root.join("venv/bin/python");
    const install = ["install", "--quiet", "--no-index", join("dist", files[0]!)];
    await succeeds(python, ["-m", "pip", "--python", own, ...install], root.path);
    const shown = await succeeds(own, ["-m", "holdfast", "--help"], root.path);
    assertMatch(shown, /usage: python -m holdfast/);
    const typed =
      "import holdfast, pathlib; print(pathlib.Path(holdfast.__file__).with_name('py.typed').exists())";
    assertEquals((await succeeds(own, ["-c", typed], root.path)).trim(), "True");
  },
);

Deno.test("the extra `all` has every package that the page about Python imports", async () => {
  const page = await readFile(join(REPOSITORY, "docs/python.md"), "utf8");
  const project = await readFile(join(PACKAGE, "pyproject.toml"), "utf8");
  const [, all = ""] = /^all = \[([^\]]*)^\]/m.exec(project) ?? [];
  const installed = Array.from(all.matchAll(/"([\w-]+)[^"]*"/g), ([, name]) => name);
  const blocks = Array.from(
    page.matchAll(/^```python (?!ignore)\w+\n([^]*?)^```$/gm),
    ([, b]) => b,
  );
  const imports = blocks.flatMap((block) =>
    Array.from(
      block!.matchAll(/^(?:import (.*)|from (\w+).* import .*)$/gm),
      ([, names, from]) => from ?? names!.split(",").map((name) => name.trim().split(/[ .]/)[0]!),
    ).flat()
  );
  const own = new Set(["holdfast", "csv", "multiprocessing", "pathlib"]);
  const packages = new Set(imports).difference(own);
  assert(packages.size > 6);
  for (const name of packages) {
    const title = name === "sklearn" ? "scikit-learn" : name;
    assert(installed.includes(title), `${name} is missing`);
  }
});

// The package itself: types, style, supported versions of Python, and its wheel in an empty
// environment.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
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

type Env = Record<string, string>;

async function succeeds(command: string, args: string[], cwd: string, env?: Env): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { cwd, env })).stdout;
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

const PAGES = ["", "_values", "_files", "_training"].map((page) => `docs/python${page}.md`);

/** Arguments in collections of narrower types than the parameters have. */
const TYPED = `
import holdfast

def use(registry: holdfast.ServiceRegistry, refs: list[str], texts: tuple[str, ...], facts: dict[str, str]) -> None:
    registry.save("a", 1, inputs=refs, alias=texts, metadata=facts)
    registry.run("a", params=facts, tags=facts).finish(1, inputs=refs, alias=texts, metadata=facts)
    registry.draft("a").commit(inputs=refs, alias=texts, parts=texts, metadata=facts)
    registry.annotate("a", labels=facts)
    registry.open("a", signed_by=refs).load(trust=texts)
    holdfast.version("a", registry, inputs=refs, alias=refs, metadata=facts)
`;

/** Writes the programs of the pages about Python, and of the notebook. */
async function writePrograms(folder: string): Promise<void> {
  await mkdir(folder);
  const page = async (path: string) => await readFile(join(REPOSITORY, path), "utf8");
  const texts = await Promise.all([...PAGES, "docs/runs.md", "python/README.md"].map(page));
  const blocks = texts.flatMap((text) =>
    Array.from(text.matchAll(/^```python(?! ignore).*\n([^]*?)^```$/gm), ([, code]) => code!)
  );
  const { cells } = JSON.parse(await page("examples/python.ipynb")) as {
    cells: { cell_type: string; source: string[] }[];
  };
  const code = cells.filter(({ cell_type }) => cell_type === "code");
  blocks.push(code.map(({ source }) => source.join("")).join("\n"));
  assert(blocks.length > 8);
  blocks.push(TYPED);
  for (const [i, block] of blocks.entries()) {
    await writeFile(join(folder, `program_${i}.py`), OF_OTHERS + block);
  }
}

Deno.test("the recipe for conda has the facts of pyproject.toml", async () => {
  const text = async (path: string) => await readFile(join(PACKAGE, path), "utf8");
  const own = await text("pyproject.toml"), recipe = await text("conda/recipe.yaml");
  const found = (pattern: RegExp) => pattern.exec(own)?.slice(1).join(" = ") ?? `no ${pattern}`;
  const name = found(/^name = "(.*)"$/m), python = found(/^requires-python = "(.*)"$/m);
  const program = found(/^\[project\.scripts\]\n(\w+) = "(.*)"$/m);
  const wheel = `${name.replace("-", "_")}-\${{ version }}-py3-none-any.whl`;
  for (
    const line of [
      `  version: "${found(/^version = "(.*)"$/m)}"`,
      `  name: ${name}`,
      `      - ${program}`,
      `    - python ${python}`,
      `    - ${found(/^cli = \["(deno)(.*)"\]/m).replace(" = ", " ")}`,
      `  license: ${found(/^license = "(.*)"$/m)}`,
      `  path: ../../dist/${wheel}`,
    ]
  ) assert(recipe.split("\n").includes(line), `${line} is not in\n${recipe}`);
  assert(recipe.includes(`--no-build-isolation ${wheel}\n`));
});

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

const NO_RUNTIME = `
import holdfast
try:
    holdfast.explore()
except holdfast.HoldfastError as error:
    print(type(error).__name__, error.hint)
`;

/** An extension that imports the package by its names of JSR and npm. */
const USES_PACKAGE = `import { defineOperator } from "@holdfast/holdfast/operators";
import { openRegistry } from "jsr:@holdfast/holdfast";
import { defineExtension } from "@holdfast/holdfast/extending";
if (!defineOperator || !openRegistry) throw new Error("an import is missing");
export const extension = defineExtension({ name: "steps", holdfast: "^0.1" });
`;

const WITH_SERVICE = `
import holdfast, urllib.request
with holdfast.service() as registry:
    registry.save("value", {"a": 1})
    print(registry.load("value"))
folder = holdfast.open_registry()
print(folder.save("value", {"a": 2}).version, folder.open("m").ref)
page = holdfast.explore()
answer = urllib.request.urlopen(page.url)
policy = answer.headers["content-security-policy"]
print(b"Holdfast" in answer.read(), "frame-ancestors http://localhost:*" in policy)
page.stop()
`;

packageTest("a wheel is all that the command line and services of Python need", async (python) => {
  await using root = await tempRoot();
  await buildPython(root.join("dist"));
  const [wheel = "", source] = (await readdir(root.join("dist"))).toSorted();
  assertEquals(source, wheel.replace("-py3-none-any.whl", ".tar.gz"));
  assert((await stat(root.join("dist", wheel))).size < 5e6);
  await succeeds("python3", ["-m", "venv", "--without-pip", "venv"], root.path);
  const own = root.join("venv/bin/python");
  const install = ["install", "--quiet", "--no-index", join("dist", wheel)];
  await succeeds(python, ["-m", "pip", "--python", own, ...install], root.path);
  const site = (await succeeds(
    own,
    ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
    root.path,
  )).trim();
  const licenses = join(site, wheel.replace("-py3-none-any.whl", ".dist-info/licenses"));
  assertEquals((await readdir(licenses)).toSorted(), ["LICENSE", "LICENSES-of-packages.txt"]);
  await stat(join(site, "holdfast/py.typed"));

  // Without a runtime: the commands of Python.
  const bare = { PATH: root.join("venv/bin"), HOME: root.path };
  const command = root.join("venv/bin/holdfast");
  assertMatch(await succeeds(command, ["--help"], root.path, bare), /holdfast-registry\[cli\]/);
  await assertRejects(
    () => succeeds(command, ["init"], root.path, bare),
    Error,
    "pip install 'holdfast-registry[cli]'",
  );
  assertMatch(await succeeds(own, ["-c", NO_RUNTIME], root.path, bare), /^Unsupported .*\[cli\]/);

  // With the runtime of the package `deno`, an empty cache, and no network.
  await writeFile(
    join(site, "deno.py"),
    `def find_deno_bin():\n    return ${JSON.stringify(Deno.execPath())}\n`,
  );
  const env = { ...bare, DENO_DIR: root.join("deno_dir") };
  const offline = Deno.uid() === 0
    ? ["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
    : [];
  const runs = (...words: string[]) => {
    const [program = "", ...args] = [...offline, ...words];
    return succeeds(program, args, root.path, {
      ...env,
      PATH: `${env.PATH}:/usr/sbin:/usr/bin:/sbin:/bin`,
    });
  };
  const { version } = JSON.parse(await readFile(join(REPOSITORY, "deno.json"), "utf8"));
  assertEquals(await runs(command, "--version"), `${version}\n`);
  await runs(command, "init");
  await writeFile(root.join("a.txt"), "hello");
  assertMatch(await runs(command, "save", "m", "a.txt"), /^Saved m@1\.0\.0/);
  assertMatch(await runs(own, "-m", "holdfast", "ls"), /m +1\.0\.0/);
  await writeFile(root.join("steps.ts"), USES_PACKAGE);
  const pipeline = await runs(command, "--extension", "./steps.ts", "ls");
  assertMatch(pipeline, /m +1\.0\.0/);
  assertEquals(await runs(own, "-c", WITH_SERVICE), "{'a': 1}\n2.0.0 m@1.0.0\nTrue True\n");
});

Deno.test("the extra `all` has every package that the pages about Python import", async () => {
  const pages = await Promise.all(PAGES.map((page) => readFile(join(REPOSITORY, page), "utf8")));
  const page = pages.join("\n");
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

// Each extension may be absent, and all of them at once: without their folders, their tests and their lines in the
// lists, nothing imports what is gone, types are right, and the kernel saves and loads. Types take a minute of a
// processor: a run checks those without any extension, and with `deno test … tests/extensions_test.ts -- gateways/hub`
// those without this one. With `HOLDFAST_DAY` it checks those without a sixth of the extensions, and on the seventh day
// those without any.
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { copyFile, link, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { dirname, fromFileUrl, join, relative } from "@std/path";
import { type ListedExtension, LISTS, partsOf, readExtensions } from "./house/extension_list.ts";
import { REPOSITORY } from "./support/run_deno.ts";
import { dayOfRun } from "./support/seeds.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "./support/source_files.ts";
import { type TempRoot, tempRoot } from "./support/temp_root.ts";

/** Extensions that need another one, and go with it. */
const NEED: Readonly<Record<string, readonly string[]>> = {
  "extensions/maintenance": ["extensions/maintenance/service"],
  "extensions/mirrors": ["extensions/neighbors/mindtrace"],
  "extensions/runs/surface": [
    "extensions/gateways/mlflow",
    "extensions/gateways/wandb",
    "extensions/neighbors/import",
    "extensions/runs/service",
  ],
};

/** Entry points that export the functions of extensions beside those of the kernel. */
const EXPORTING = ["apps/maintenance.ts"];

/** Folders whose tests are those of the kernel, and the file of them that runs. */
const KERNEL = ["core", "disk", "registry", "backends", "materializers", "workers"]
  .map((folder) => `tests/${folder}`);

/** Extensions that tests of the kernel use, to judge what they keep: these tests go with them. */
const IN_TESTS: readonly string[] = ["extensions/maintenance"];

const QUICK = "tests/registry/conformance/registries_test.ts";

const listed = (await Promise.all(LISTS.map(readExtensions))).flat();

/** A module in the output of `deno info`. */
interface ModuleInfo {
  specifier: string;
  dependencies?: { code?: { specifier: string }; type?: { specifier: string } }[];
}

/** A copy of the repository, whose files are those of the repository: none may be changed in place. */
class Copy {
  readonly #root: TempRoot;

  constructor(root: TempRoot) {
    this.#root = root;
  }

  path(name: string): string {
    return this.#root.join("copy", name);
  }

  async fill(): Promise<void> {
    const listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const { stdout } = await new Deno.Command("git", { args: listing, cwd: REPOSITORY }).output();
    const files = new TextDecoder().decode(stdout).split("\0")
      .filter((name) => /\.(ts|json|lock)$/.test(name) && !/^(docs|python)\//.test(name));
    for (const folder of new Set(files.map(dirname))) {
      await mkdir(this.path(folder), { recursive: true });
    }
    for (const name of files) {
      const from = join(REPOSITORY, name), to = this.path(name);
      if (name === "deno.lock") await copyFile(from, to); // Deno may write it
      else await link(from, to).catch(() => copyFile(from, to)).catch(ignoreMissing);
    }
  }

  /** Runs `deno`, and returns what it said if it failed. */
  async run(args: readonly string[]): Promise<string | undefined> {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: this.path("."),
      env: {
        NO_COLOR: "1",
        HOLDFAST_QUICK: "1",
        HOLDFAST_REQUIRE_SERVERS: "",
        HOLDFAST_SERVERS: "none",
        HOLDFAST_SEEDS: "1",
      },
    }).output();
    if (success) return undefined;
    return [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("").slice(-3000);
  }

  /** Takes extensions away, and those that need them. */
  async remove(removed: readonly ListedExtension[]): Promise<void> {
    const gone = goneWith(removed);
    for (const path of pathsOf(gone)) await rm(this.path(path), { recursive: true, force: true });
    for (const list of LISTS) {
      const names = gone.filter((each) => each.list === list).map(({ name }) => name);
      await this.#change(list, (text) => names.reduce(withoutName, text));
    }
    for (const file of EXPORTING) {
      await this.#change(
        file,
        (text) => gone.reduce((rest, { folder }) => withoutExports(rest, folder), text),
      );
    }
    await this.#change("deno.json", (text) => {
      const config = JSON.parse(text);
      const exports: [string, string][] = Object.entries(config.exports);
      config.exports = Object.fromEntries(exports.filter(([, file]) => !this.isMissing(file)));
      return JSON.stringify(config);
    });
  }

  async #change(name: string, change: (text: string) => string): Promise<void> {
    const text = await Deno.readTextFile(this.path(name));
    await rm(this.path(name));
    await writeFile(this.path(name), change(text));
  }

  isMissing(name: string): boolean {
    return !existsSync(this.path(name));
  }
}

/** Returns extensions that go when these do. */
function goneWith(removed: readonly ListedExtension[]): ListedExtension[] {
  return listed.filter(({ folder }) =>
    removed.some((each) => folder === each.folder || NEED[each.folder]?.includes(folder))
  );
}

/** Returns files and folders of extensions, with those of their tests, none inside another. */
function pathsOf(gone: readonly ListedExtension[]): string[] {
  const parts = gone.flatMap(({ folder }) => partsOf(folder));
  return parts.flatMap((part) => [part, testsOf(part)]).filter((path, i, all) =>
    !all.some((other, j) => j !== i && isInside(path, other))
  );
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

let imports: Promise<Map<string, Set<string>>> | undefined;

/** Returns which files each file of the product, of the page and of the tests of the kernel imports, directly or not. */
function readImports(): Promise<Map<string, Set<string>>> {
  return imports ??= (async () => {
    const tests = (await sourceFiles(["tests"])).filter((path) => isBelow(path, KERNEL));
    const files = [
      "mod.ts",
      "explorer/src/main.ts",
      ...await sourceFiles(PRODUCT_FOLDERS),
      ...tests,
    ];
    const entry = root.join("all_files.ts");
    await writeFile(entry, files.map((file) => `import "${join(REPOSITORY, file)}";\n`).join(""));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", join(REPOSITORY, "deno.json"), entry],
      cwd: REPOSITORY,
      stderr: "null",
    }).output();
    const { modules }: { modules: ModuleInfo[] } = JSON.parse(new TextDecoder().decode(stdout));
    assert(modules.length > files.length, "the graph is incomplete");
    const pathOf = (specifier: string) => relative(REPOSITORY, fromFileUrl(specifier));
    return new Map(
      modules.filter(({ specifier }) => specifier.startsWith(pathToFileURL(REPOSITORY).href)).map(
        (module) => {
          const { specifier, dependencies = [] } = module;
          const isTest = pathOf(specifier).startsWith("tests/"); // tests run without their types
          const targets = dependencies.flatMap(({ code, type }) => isTest ? [code] : [code, type])
            .flatMap((target) => target?.specifier.startsWith("file:") ? [target.specifier] : []);
          return [pathOf(specifier), new Set(targets.map(pathOf))];
        },
      ),
    );
  })();
}

/** Returns the imports that lead nowhere without some extensions, whose lines in lists and entry points are gone, too. */
async function missingImports(removed: readonly ListedExtension[]): Promise<string[]> {
  const gone = goneWith(removed);
  const paths = pathsOf(gone);
  const isGone = (file: string) => paths.some((path) => file === path || isInside(file, path));
  const isOfPage = removed.some(({ list }) => list.startsWith("explorer/"));
  const needsGone = testsWith(await readImports(), IN_TESTS.filter((path) => paths.includes(path)));
  const hasLine = (file: string, target: string) =>
    gone.some(({ list, folder }) =>
      (file === list && target === `${folder}/extension.ts`) ||
      (EXPORTING.includes(file) && isInside(target, folder))
    );
  return [...await readImports()].flatMap(([file, targets]) => {
    if (isGone(file) || needsGone.has(file) || (!isOfPage && file.startsWith("explorer/"))) {
      return [];
    }
    return [...targets].filter((target) => isGone(target) && !hasLine(file, target))
      .map((target) => `${file} imports ${target}`);
  });
}

/** Returns the tests that import something of these folders, directly or through other tests. */
function testsWith(graph: Map<string, Set<string>>, folders: readonly string[]): Set<string> {
  const found = new Set<string>();
  const isFound = (path: string) =>
    found.has(path) || folders.some((folder) => isInside(path, folder));
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const [file, targets] of graph) {
      if (file.startsWith("tests/") && [...targets].some(isFound)) found.add(file);
    }
  }
  return found;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error; // it is deleted, but still in the index
}

/** Returns the path of the tests of a file or folder. */
function testsOf(path: string): string {
  return path.startsWith("explorer/src/")
    ? path.replace("explorer/src/", "explorer/tests/")
    : `tests/${path}`;
}

/** Returns a list without the import and the row of an extension. */
function withoutName(text: string, name: string): string {
  return text.replace(new RegExp(`^import .*\\b${name}\\b.*\n`, "m"), "")
    .replace(new RegExp(`\\b${name}\\b,?`), "");
}

/** Returns an entry point without the exports of a folder. */
function withoutExports(text: string, folder: string): string {
  return text.replace(new RegExp(`^export .* from "\\.\\./${folder}/.*\n`, "gm"), "");
}

Deno.test("the lists of extensions are found", async () => {
  const rooms = listed.map(({ folder }) => folder);
  for (
    const folder of ["extensions/gateways/hub", "operators/surface", "explorer/src/extensions/ome"]
  ) {
    assert(rooms.includes(folder), folder);
  }
  const page = await readdir(join(REPOSITORY, "explorer/src/extensions"));
  assertEquals(rooms.filter((each) => each.startsWith("explorer/")).length, page.length);
});

/** Words after `--`: folders of extensions whose types this run checks, such as `gateways/hub`. */
const named = Deno.args.filter((word) => !word.startsWith("-"));

/** Returns the extensions without which this run checks the types. */
function typedOfRun(): readonly ListedExtension[] {
  if (named.length > 0) {
    return listed.filter(({ folder }) => named.some((word) => folder.endsWith(word)));
  }
  const day = dayOfRun();
  if (day === undefined || day % 7 === 6) return listed;
  const week = Math.floor(day / 7); // in which others are absent together
  return listed.filter((_, i) => (i + week * Math.floor(i / 6)) % 6 === day % 7);
}

const root = await tempRoot();
globalThis.addEventListener("unload", () => Deno.removeSync(root.path, { recursive: true }));
for (const removed of [...listed.map((each) => [each]), listed]) {
  const name = removed === listed ? "all extensions" : removed[0]!.folder;
  Deno.test(`without ${name}, nothing imports what is gone`, async () => {
    assertEquals(await missingImports(removed), []);
  });
}

const typed = typedOfRun();
Deno.test(`without ${typed.length} of ${listed.length} extensions, types are right, and the kernel saves and loads`, async () => {
  assert(typed.length > 0, "these words name no extension");
  const names = typed.map(({ folder }) => folder).join(", ");
  const product = ["mod.ts", ...await sourceFiles(PRODUCT_FOLDERS)]; // some are loaded by name
  const isOfPage = typed.some(({ list }) => list.startsWith("explorer/"));
  const copy = new Copy(root);
  await copy.fill();
  await copy.remove(typed);
  const all = isOfPage ? ["explorer/src/main.ts", ...product] : product;
  const files = all.filter((file) => !copy.isMissing(file));
  assertEquals(await copy.run(["check", "-q", ...files]), undefined, `types without ${names}`);
  const flags = ["test", "-A", "-q", "--no-check", QUICK];
  assertEquals(await copy.run(flags), undefined, `tests of the kernel without ${names}`);
});

function isBelow(path: string, folders: readonly string[]): boolean {
  return path.endsWith("_test.ts") && folders.some((folder) => path.startsWith(`${folder}/`));
}

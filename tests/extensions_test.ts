// Each extension may be absent, and all of them at once: without their folders, their tests and their lines in the
// lists, nothing imports what is gone, types are right, and the kernel saves and loads. Imports take seconds, types a
// minute or two of a processor: a run checks those without any extension, with `HOLDFAST_DAY` also those without one, on
// other days the others, and with `deno test … tests/extensions_test.ts -- gateways/hub` those without this one.
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { copyFile, link, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, fromFileUrl, join, relative } from "@std/path";
import { type ListedExtension, LISTS, partsOf, readExtensions } from "./house/extension_list.ts";
import { REPOSITORY } from "./support/run_deno.ts";
import { dayOfRun } from "./support/seeds.ts";
import { BUILT_PAGE, PRODUCT_FOLDERS, sourceFiles } from "./support/source_files.ts";
import { type TempRoot, tempRoot } from "./support/temp_root.ts";

/** Extensions that need another one, and go with it. */
const NEED: Readonly<Record<string, readonly string[]>> = {
  "extensions/mirrors": ["extensions/neighbors/mindtrace"],
  "extensions/runs/surface": [
    "extensions/gateways/mlflow",
    "extensions/neighbors/import",
    "extensions/runs/service",
  ],
};

/** Entry points that export the functions of extensions beside those of the kernel. */
const EXPORTING = ["apps/maintenance.ts"];

/** Folders whose tests are those of the kernel, and the file of them that runs. */
const KERNEL = ["core", "disk", "registry", "backends", "materializers", "workers"]
  .map((folder) => `tests/${folder}`);
const QUICK = "tests/registry/conformance/registries_test.ts";

const listed = (await Promise.all(LISTS.map(readExtensions))).flat();

/** A module in the output of `deno info`. */
interface ModuleInfo {
  specifier: string;
  error?: string;
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

  async write(name: string, text: string): Promise<void> {
    await rm(this.path(name));
    await writeFile(this.path(name), text);
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

  /** Returns the imports of files that lead nowhere. */
  async missingImports(files: readonly string[]): Promise<string[]> {
    const entry = this.path("all_files.ts");
    await writeFile(entry, files.map((file) => `import "./${file}";\n`).join(""));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: this.path("."),
      stderr: "null",
    }).output();
    await rm(entry);
    const { modules }: { modules: ModuleInfo[] } = JSON.parse(new TextDecoder().decode(stdout));
    assert(modules.length > files.length, "the graph is incomplete");
    const pathOf = (specifier: string) => relative(this.path("."), fromFileUrl(specifier));
    const missing = modules.filter(({ error }) => error !== undefined)
      .map(({ specifier }) => specifier).filter((each) => pathOf(each) !== BUILT_PAGE);
    return modules.flatMap(({ specifier, dependencies = [] }) => {
      const isTest = specifier.includes("/copy/tests/"); // tests run without their types
      const targets = dependencies.flatMap(({ code, type }) => isTest ? [code] : [code, type]);
      return missing.filter((each) => targets.some((target) => target?.specifier === each))
        .map((each) => `${pathOf(specifier)} imports ${pathOf(each)}`);
    });
  }

  /** Takes extensions away, and those that need them, until the end of a block. */
  async remove(removed: readonly ListedExtension[]): Promise<AsyncDisposable> {
    const gone = listed.filter(({ folder }) =>
      removed.some((each) => folder === each.folder || NEED[each.folder]?.includes(folder))
    );
    const parts = gone.flatMap(({ folder }) => partsOf(folder));
    const paths = [...parts.flatMap((part) => [part, testsOf(part)])].filter((path, i, all) =>
      !all.some((other, j) => j !== i && path.startsWith(`${other}/`))
    );
    const kept = new Map<string, string>();
    for (const path of paths) {
      const to = this.#root.join("away", path);
      if (this.isMissing(path)) continue;
      await mkdir(dirname(to), { recursive: true });
      await rename(this.path(path), to);
      kept.set(path, to);
    }
    const texts = new Map<string, string>();
    for (const file of [...LISTS, ...EXPORTING, "deno.json"]) {
      texts.set(file, await Deno.readTextFile(this.path(file)));
    }
    for (const list of LISTS) {
      const names = gone.filter((each) => each.list === list).map(({ name }) => name);
      await this.write(list, names.reduce(withoutName, texts.get(list)!));
    }
    for (const file of EXPORTING) {
      const text = gone.reduce(
        (rest, { folder }) => withoutExports(rest, folder),
        texts.get(file)!,
      );
      await this.write(file, text);
    }
    const config = JSON.parse(texts.get("deno.json")!);
    const exports: [string, string][] = Object.entries(config.exports);
    config.exports = Object.fromEntries(exports.filter(([, file]) => !this.isMissing(file)));
    await this.write("deno.json", JSON.stringify(config));
    const bringBack = async () => {
      for (const [path, to] of kept) await rename(to, this.path(path));
      for (const [file, text] of texts) await this.write(file, text);
    };
    return { [Symbol.asyncDispose]: bringBack };
  }

  isMissing(name: string): boolean {
    return !existsSync(this.path(name));
  }
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

/** True for a set whose types this run checks. */
function isTyped(removed: readonly ListedExtension[]): boolean {
  if (removed === listed) return named.length === 0;
  const { folder } = removed[0]!;
  if (named.length > 0) return named.some((word) => folder.endsWith(word));
  const day = dayOfRun();
  return day !== undefined && listed[day % listed.length] === removed[0];
}

const root = await tempRoot();
globalThis.addEventListener("unload", () => Deno.removeSync(root.path, { recursive: true }));
let filled: Promise<Copy> | undefined;

/** Returns the copy that all tests change, one after the other. */
function filledCopy(): Promise<Copy> {
  return filled ??= (async () => {
    const copy = new Copy(root);
    await copy.fill();
    return copy;
  })();
}

for (const removed of [...listed.map((each) => [each]), listed]) {
  const name = removed === listed ? "all extensions" : removed[0]!.folder;
  Deno.test(`without ${name}, the rest is whole`, async () => {
    const copy = await filledCopy();
    const product = ["mod.ts", ...await sourceFiles(PRODUCT_FOLDERS)]; // some are loaded by name
    const tests = (await sourceFiles(["tests"])).filter((path) => isBelow(path, KERNEL));
    await using _away = await copy.remove(removed);
    const isOfPage = removed.some(({ list }) => list.startsWith("explorer/"));
    const all = isOfPage ? ["explorer/src/main.ts", ...product] : product;
    const files = all.filter((file) => !copy.isMissing(file));
    const ofKernel = tests.filter((file) => !copy.isMissing(file));
    assertEquals(await copy.missingImports([...files, ...ofKernel]), []);
    if (!isTyped(removed)) return;
    assertEquals(await copy.run(["check", "-q", ...files]), undefined, "types");
    const flags = ["test", "-A", "-q", "--no-check", QUICK];
    assertEquals(await copy.run(flags), undefined, "tests of the kernel");
  });
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return path.endsWith("_test.ts") && folders.some((folder) => path.startsWith(`${folder}/`));
}

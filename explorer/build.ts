// Builds the page: bundles `src/` for browsers. The same sources make the same files.
//
// `deno task explorer` writes the module that packages and binaries contain. With `--print`, which
// the service of a clone runs, it prints the files as JSON, and builds them only if it has not built
// these sources before.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { realSystem } from "../core/system.ts";
import { lockOf } from "../dev/lock_of.ts";
import { cacheFolder } from "../disk/cache_folder.ts";

/** Texts by the name of their file. */
type PageFiles = Readonly<Record<string, string>>;

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));
const SOURCE = join(REPOSITORY, "explorer/src");
const MODULE = join(REPOSITORY, "apps/server/explorer/bundle.ts");

/** All that the page is made of, and more: a change of any of these files makes it anew. */
export const INPUTS: readonly string[] = [
  "deno.json",
  "deno.lock",
  "dev/lock_of.ts",
  "explorer/build.ts",
  "explorer/src",
  "apps/diff.ts",
  "apps/difference",
  "apps/metadata_text.ts",
  "apps/rule_text.ts",
  "apps/server/access/sign_in.ts",
  "apps/server/explorer/site_path.ts",
  "apps/server/files",
  "apps/server/search",
  "core",
  "files",
  "formats",
  "registry/operations/look",
];

/** Pages of other branches and clones that the cache keeps. */
const KEPT_PAGES = 8;

/** Bundles the page: `index.html`, styles, a first script, and parts that load when needed. */
export async function buildPage(): Promise<PageFiles> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-explorer-"));
  try {
    await bundleScripts(folder);
    const scripts: Record<string, string> = {};
    for (const name of (await readdir(folder)).filter((name) => name.endsWith(".js"))) {
      scripts[name] = (await readFile(join(folder, name), "utf8")).trim();
    }
    const named = withOwnHashes(scripts);
    return {
      "index.html": withPreloads(await readFile(join(SOURCE, "index.html"), "utf8"), named),
      "icon.svg": (await readFile(join(SOURCE, "icon.svg"), "utf8")).trim(),
      "main.css": await bundleStyles(),
      ...named,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bundleScripts(to: string): Promise<void> {
  const flags = "--quiet --platform browser --minify --code-splitting".split(" ");
  const imports = join(SOURCE, "browser/import_map.json");
  const lock = join(to, "deno.lock");
  await writeFile(lock, await lockOfPage());
  const config = ["--config", join(REPOSITORY, "deno.json"), "--import-map", imports];
  config.push("--lock", lock);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...flags, ...config, "--outdir", to, "explorer/src/main.ts"],
    cwd: REPOSITORY,
  }).output();
  if (code !== 0) {
    throw new Error(`Cannot bundle the explorer: ${new TextDecoder().decode(stderr)}`);
  }
}

/** Returns the lock file with only the packages that the page can import, and theirs. */
export async function lockOfPage(): Promise<string> {
  const sources = await inputFiles([...INPUTS, "dev/std"]);
  return await lockOf(sources.filter((path) => path.endsWith(".ts")));
}

/**
 * Renames the parts, which the bundler names after hashes that depend on where packages are cached.
 * A part gets a number, in the order in which parts are mentioned, and the hash of all scripts.
 */
function withOwnHashes(scripts: PageFiles): PageFiles {
  const part = /\b(\w+)-[A-Z0-9]{8}\.js\b/g;
  const names = new Set(["main.js"]);
  for (const name of names) {
    for (const [mentioned] of scripts[name]!.matchAll(part)) names.add(mentioned);
  }
  const order = [...names];
  const rename = (text: string, hash: string) =>
    text.replace(part, (name, stem) => `${stem}${order.indexOf(name)}-${hash}.js`);
  const whole = createHash("sha256");
  for (const name of order) whole.update(rename(scripts[name]!, ""));
  const hash = whole.digest("hex").slice(0, 8).toUpperCase();
  return Object.fromEntries(
    order.map((name) => [rename(name, hash), rename(scripts[name]!, hash)]),
  );
}

/** Adds links to the page for the parts that the first script imports, which load beside it. */
function withPreloads(page: string, scripts: PageFiles): string {
  const parts = new Set<string>(["main.js"]);
  for (const name of parts) {
    const imports = scripts[name]!.matchAll(/(?:from|import)"\.\/([^"]+)"/g);
    for (const [, part = ""] of imports) parts.add(part);
  }
  const links = [...parts].map((name) => `<link rel="modulepreload" href="${name}">\n`).join("");
  return page.replace(/(?=^ *<script)/m, links);
}

/** Joins the styles without comments and indentation. */
async function bundleStyles(): Promise<string> {
  const folder = join(SOURCE, "styles");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".css")).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.join("\n").replace(/\/\*.*?\*\//gs, "").replace(/\s*\n\s*/g, "\n").replace(
    /\s*([{};,])\s*/g,
    "$1",
  ).replace(/: +/g, ":").trim();
}

/** Returns the page of these sources as JSON: from the cache, or built and put there. */
export async function pageText(cache = pageCache()): Promise<string> {
  const key = await digestOfInputs();
  const stored = cache && await readPage(join(cache, `${key}.json`));
  if (stored !== undefined) return stored;
  const where = cache === undefined ? "as there is no cache folder" : "once for these sources";
  console.error(`Building the page of the explorer, ${where} ...`);
  const text = JSON.stringify(await buildPage());
  if (cache !== undefined) await storePage(cache, key, text);
  return text;
}

function pageCache(): string | undefined {
  const folder = cacheFolder(undefined, realSystem);
  return "path" in folder ? join(folder.path, "explorer") : undefined;
}

/** Returns the digest of all inputs and of the program that bundles them. */
async function digestOfInputs(): Promise<string> {
  const digest = createHash("sha256").update(Deno.version.deno);
  for (const path of await inputFiles(INPUTS)) {
    digest.update(`\0${path}\0`).update(await readFile(join(REPOSITORY, path)));
  }
  return digest.digest("hex").slice(0, 32);
}

/** Returns the paths of files and of the files in directories, all below the repository. */
export async function inputFiles(inputs: readonly string[]): Promise<string[]> {
  const files = await Promise.all(inputs.map(async (input) => {
    if (!(await stat(join(REPOSITORY, input))).isDirectory()) return [input];
    const names = await readdir(join(REPOSITORY, input), { recursive: true });
    return names.filter((name) => /\.\w+$/.test(name)).map((name) => join(input, name));
  }));
  return files.flat().sort();
}

/** Returns a stored page; undefined if there is none, or a power cut left a part of it. */
async function readPage(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, "utf8");
    JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}

/** Stores a page, as other programs may at the same time. A page that cannot be stored is served all the same. */
async function storePage(folder: string, key: string, text: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await replaceFile(join(folder, `${key}.json`), text);
    await removeOldPages(folder);
  } catch (error) {
    console.error(`The page of the explorer is not cached: ${(error as Error).message}`);
  }
}

async function removeOldPages(folder: string): Promise<void> {
  const pages = await Promise.all((await readdir(folder)).map(async (name) => {
    const path = join(folder, name);
    return { path, time: (await stat(path)).mtimeMs };
  }));
  const old = pages.toSorted((a, b) => b.time - a.time).slice(KEPT_PAGES);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}

async function replaceFile(path: string, text: string): Promise<void> {
  const next = join(dirname(path), `.${randomUUID()}.new`);
  try {
    await writeFile(next, text, { mode: 0o600 });
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}

/** Writes the module that packages, binaries and bundles of a service contain. */
export async function writePageModule(): Promise<PageFiles> {
  const text = await pageText();
  await replaceFile(
    MODULE,
    `// Generated by \`deno task explorer\` from explorer/src. Do not edit.
export const BUNDLE: Readonly<Record<string, string>> = ${text};
`,
  );
  return JSON.parse(text);
}

async function main(flag: string | undefined): Promise<void> {
  if (flag === "--print") {
    process.stdout.write(await pageText());
    return;
  }
  const files = await writePageModule();
  const width = Math.max(...Object.keys(files).map((name) => name.length));
  for (const [name, text] of Object.entries(files)) {
    const zipped = gzipSync(text, { level: 9 }).length;
    console.log(`${name.padEnd(width)} ${text.length} bytes, ${zipped} compressed`);
  }
}

if (import.meta.main) await main(Deno.args[0]);

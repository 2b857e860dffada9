// Packages that go along, each as one file: those of JSR, which npm does not know, and some of npm.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "@std/path";
import { REPOSITORY } from "../../tests/support/run_deno.ts";
import { tempRoot } from "../../tests/support/temp_root.ts";
import { type PackageFile, placeOfVendored } from "./package_files.ts";

/** Before each module, a bundle names its file. */
const MODULE = /^\/\/ (\S+\/npm\/[^/\s]+\/((?:@[^/\s]+\/)?[^/\s]+)\/[^/\s]+)\/\S+$/gm;

/** Packages write what they do to it, for their authors. It is a third of the largest bundle. */
const DEBUG = /\bimport ([\w$]+) from ?"debug";/g;

/** Requests of Node, which `@tus/server` takes beside those of the Web: a third of its bundle. */
const REQUESTS_OF_NODE = /\bimport ?\{([^}]*)\} ?from ?"srvx\/node";/g;

/** Returns a file for each package, and the licenses of all. */
export async function bundlePackages(specifiers: Iterable<string>): Promise<PackageFile[]> {
  const all = [...specifiers];
  const text = await licensesIn(await bundle(all));
  const minified = await bundle(all, "--minify");
  const files = all.map((specifier, at): PackageFile => {
    return { path: placeOfVendored(specifier), text: minified[at] };
  });
  return [...files, { path: "vendor/LICENSES.txt", text }];
}

/** Returns the licenses of all packages that are in bundles, which are not minified. */
export async function licensesIn(bundles: Iterable<string>): Promise<string> {
  const licenses = new Map<string, string>();
  for (const text of bundles) {
    for (const [, folder, name] of text.matchAll(MODULE)) {
      if (!licenses.has(name)) licenses.set(name, await licenseOf(resolve(REPOSITORY, folder)));
    }
  }
  return [...licenses].sort().map(([name, license]) => `${name}\n\n${license}\n`).join("\n");
}

/** Returns a bundle of each package. */
async function bundle(specifiers: readonly string[], ...flags: string[]): Promise<string[]> {
  await using root = await tempRoot();
  const entries = specifiers.map((_, at) => root.join(`entry${at}.ts`));
  for (const [at, entry] of entries.entries()) {
    await writeFile(entry, `export * from ${JSON.stringify(specifiers[at])};\n`);
  }
  const config = join(REPOSITORY, "deno.json");
  const left = ["--external", "debug", "--external", "srvx/node"];
  const options = ["--config", config, ...left, "--outdir", root.join("out")];
  const args = ["bundle", "--quiet", ...flags, ...options, ...entries];
  const command = new Deno.Command(Deno.execPath(), { args, cwd: REPOSITORY });
  const { code, stderr } = await command.output();
  if (code !== 0) {
    throw new Error(`Cannot bundle ${specifiers}: ${new TextDecoder().decode(stderr)}`);
  }
  return await Promise.all(entries.map(async (_, at) => {
    const text = await readFile(root.join(`out/entry${at}.js`), "utf8");
    return text.replace(DEBUG, "const $1=()=>()=>{};")
      .replace(REQUESTS_OF_NODE, (_, names) => `let ${names.replace(/[\w$]+ as /g, "")};`);
  }));
}

/** Returns the license file of a package, or the license that its manifest names. */
async function licenseOf(folder: string): Promise<string> {
  const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
  if (file !== undefined) return (await readFile(join(folder, file), "utf8")).trim();
  const { license, author } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return `${license}, by ${author?.name ?? author ?? "its authors"}`;
}

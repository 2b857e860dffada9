// The command line that the wheel of the Python package brings: the JavaScript of the npm package, beside the packages
// that it imports, so that it runs without a network and without `node_modules`.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { dirname, join, relative } from "@std/path";
import { buildPackage } from "../npm.ts";
import { licensesIn } from "../npm/bundle_packages.ts";
import { REPOSITORY } from "../../tests/support/run_deno.ts";

interface Manifest {
  name: string;
  exports: Record<string, { default: string }>;
  version: string;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

/** A file that imports from packages, by their specifiers. */
const IMPORT = /(\bfrom ?|\bimport\( ?)"((?:@[a-z][\w.-]*\/)?[a-z][\w.-]*)((?:\/[\w./-]+)?)"/g;

/** A statement that imports what is neither a file nor of Node. */
const FOREIGN = /^(?:import|export)\b(?:[^"'`;]*\bfrom)? ?"(?!node:)([@a-z][^"$]*)"/m;

/** Writes the program into a new folder, and returns the licenses of the packages in it. */
export async function writeProgram(folder: string): Promise<string> {
  const built = await buildPackage(`${folder}.npm`);
  const manifest: Manifest = JSON.parse(
    await readFile(join(built.folder, "package.json"), "utf8"),
  );
  const packages = { ...manifest.dependencies, ...manifest.peerDependencies };
  const files = await scriptsOf(built.folder);
  const imported = new Set<string>();
  for (const text of files.values()) {
    for (const [, , name = "", path = ""] of text.matchAll(IMPORT)) {
      if (name in packages) imported.add(name + path);
    }
  }
  const bundled = await bundlePackages([...imported].sort(), packages, join(folder, "vendor/npm"));
  for (const [path, text] of files) {
    const up = relative(dirname(path), "vendor/npm") || ".";
    const own = text.replace(IMPORT, (all, before, name, rest) => {
      const place = bundled.places.get(name + rest);
      return place === undefined
        ? all
        : `${before}"${up.startsWith(".") ? up : `./${up}`}/${place}"`;
    });
    const [, unknown] = FOREIGN.exec(own) ?? [];
    if (unknown?.startsWith(manifest.name) === false) {
      throw new Error(`${path} imports ${unknown}, which is not bundled`);
    }
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), own);
  }
  // Modules of users import the package by either name, which no network need answer.
  const names = Object.entries(manifest.exports).filter(([, target]) => typeof target !== "string");
  const imports = Object.fromEntries(
    names.flatMap(([subpath, { default: file }]) =>
      [manifest.name, `jsr:${manifest.name}`].map((name) => [name + subpath.slice(1), file])
    ),
  );
  await writeFile(join(folder, "imports.json"), `${JSON.stringify({ imports })}\n`);
  const description = { name: "holdfast", version: manifest.version, type: "module" };
  await writeFile(join(folder, "package.json"), `${JSON.stringify(description)}\n`);
  const vendored = await readFile(join(built.folder, "vendor/LICENSES.txt"), "utf8");
  await rm(`${folder}.npm`, { recursive: true });
  return `${vendored}\n${bundled.licenses}`;
}

async function scriptsOf(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true })) {
    if (entry.endsWith(".js")) files.set(entry, await readFile(join(folder, entry), "utf8"));
  }
  return files;
}

/** Bundles each specifier as a file, with what they share in files of its own. */
async function bundlePackages(
  specifiers: readonly string[],
  packages: Readonly<Record<string, string>>,
  out: string,
): Promise<{ places: Map<string, string>; licenses: string }> {
  const entries = `${out}.entries`;
  await mkdir(entries, { recursive: true });
  const places = new Map<string, string>();
  const names = new Map<string, Set<string>>();
  const files: string[] = [];
  for (const specifier of specifiers) {
    const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)![0];
    const npm = `npm:${name}@${packages[name]}${specifier.slice(name.length)}`;
    const all = Object.keys(await import(npm)).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
    const file = specifier.replaceAll(/[^\w.-]/g, "_").replace(/(\.js)?$/, ".js");
    places.set(specifier, file);
    names.set(npm, new Set(all));
    files.push(join(entries, file));
  }
  const bundle = async (folder: string, ...flags: string[]): Promise<void> => {
    for (const [at, [npm, exported]] of [...names].entries()) {
      await writeFile(files[at]!, `export { ${[...exported].join(", ")} } from "${npm}";\n`);
    }
    const config = ["--config", join(REPOSITORY, "deno.json")];
    const options = ["--quiet", "--code-splitting", "--outdir", folder, ...flags, ...config];
    const command = { args: ["bundle", ...options, ...files], cwd: REPOSITORY };
    const { success, stderr } = await new Deno.Command(Deno.execPath(), command).output();
    if (success) return;
    // A package may have other exports as an ES module, which bundles are made of.
    const text = stripVTControlCharacters(new TextDecoder().decode(stderr));
    const missing = [
      ...text.matchAll(/No matching export in .* for import "(.*)"\n.*\/(\S+\.js):/g),
    ];
    for (const [, name, file] of missing) {
      [...names.values()][files.indexOf(join(entries, file))].delete(name);
    }
    if (missing.length === 0) throw new Error(`Cannot bundle packages: ${text}`);
    return await bundle(folder, ...flags);
  };
  await bundle(`${out}.named`);
  const licenses = await licensesIn((await scriptsOf(`${out}.named`)).values());
  await bundle(out, "--minify");
  for (const folder of [entries, `${out}.named`]) await rm(folder, { recursive: true });
  return { places, licenses };
}

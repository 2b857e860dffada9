// `deno task npm`: the package for npm, `dist/npm/`, and its archive, `dist/*.tgz`. Each file of the
// product becomes JavaScript that Node 22 and Bun run; what users can import has declarations.
//
// `--out FOLDER` puts both elsewhere.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "@std/path";
import { realSystem, type System } from "../core/system.ts";
import { writePageModule } from "../explorer/build.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../tests/support/source_files.ts";
import { bundlePackages } from "./npm/bundle_packages.ts";
import { OPTIONAL, placeOf, toDeclarations, toJavaScript } from "./npm/package_files.ts";
import type { PackageFile, Translated } from "./npm/package_files.ts";
import { packArchive } from "./npm/pack_archive.ts";

/** The parts of `deno.json` that describe the package. */
interface Configuration {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
}

/** Modules that use a disk: bundles for browsers and Workers take `disk/no_disk.ts` instead. */
const ON_DISK = [
  "backends/local",
  "backends/local/lock",
  "disk/cache_folder",
  "disk/disk_file",
  "disk/download_files",
  "disk/spread/piece_threads",
  "disk/stage_files",
  "disk/write_files",
  "materializers/path/local_files",
  "registry/operations/look/names_on_disk",
  "registry/payload/seen_files",
  "registry/payload/unfinished",
  "registry/places/explain_failure",
  "registry/places/find_registry",
  "registry/places/open_by_url",
  "registry/places/open_folder",
];

/** Modules that are imported for what they do. Bundlers leave out others that a program does not use. */
export const WITH_EFFECTS = [
  "./backends/gcs/quiet_start.js",
  "./bin/*.js",
  "./disk/spread/piece_worker.js",
  "./extensions/queues/bullmq/*.js",
  "./extensions/signatures/conditions.js",
  "./extensions/signatures/signatures.js",
  "./extensions/signatures/signers/certificates/sigstore_core.js",
  "./workers/*.js",
];

/** The module with the version, which is a constant in the package. */
const VERSION_MODULE = "apps/holdfast_version.js";

/** The program that `bin` names. */
const PROGRAM = "bin/holdfast.js";

/** The oldest Node. */
const NODE = [22, 12] as const;

/** Imports nothing before it has checked Node: an older one fails while it loads the rest. */
const BIN = `#!/usr/bin/env node
import process from "node:process";

const { node } = process.versions;
const [major, minor] = node.split(".").map(Number);
if (major < ${NODE[0]} || (major === ${NODE[0]} && minor < ${NODE[1]})) {
  const state = "it needs Node ${NODE.join(".")} or later";
  console.error(\`error: Cannot run holdfast on Node \${node}: \${state}\`);
  process.exit(1);
}
const { runCli } = await import("../apps/cli/run_cli.js");
const { runProcess } = await import("../apps/cli/program/run_process.js");
const { EXTENSIONS: extensions } = await import("../apps/extensions.js");
await runProcess((args, io) => runCli(args, io, { extensions }));
`;

export interface Built {
  folder: string;
  /** The package as `npm publish` takes it. */
  archive: string;
}

/** Builds the package in a folder, which is emptied of what was built before. */
export async function buildPackage(out: string): Promise<Built> {
  const configuration: Configuration = JSON.parse(
    await readFile(join(REPOSITORY, "deno.json"), "utf8"),
  );
  const doors = Object.values(configuration.exports).map((file) => file.replace("./", ""));
  await writePageModule();
  const scripts = await translateAll(
    [...await sourceFiles(PRODUCT_FOLDERS), ...doors],
    toJavaScript,
  );
  const declarations = await translateAll(doors, toDeclarations);
  const all = [...scripts, ...declarations];
  const packages = new Set(all.flatMap(({ packages }) => packages));
  const vendored = new Set(all.flatMap(({ vendored }) => vendored));
  const manifest = packageManifest(configuration, packages);
  const folder = join(out, "npm");
  await rm(folder, { recursive: true, force: true });
  const files: PackageFile[] = [
    ...all.filter(({ path }) => path !== VERSION_MODULE),
    // A bundler would take all of package.json into programs that read its version.
    { path: VERSION_MODULE, text: `export const VERSION = "${configuration.version}";\n` },
    ...await bundlePackages(vendored),
    { path: "vendor/optional.js", text: "export const packages = {};\n" },
    { path: PROGRAM, text: BIN },
    { path: "package.json", text: `${JSON.stringify(manifest, null, 2)}\n` },
  ];
  for (const path of ["LICENSE", "README.md"]) {
    files.push({ path, text: await readFile(join(REPOSITORY, path), "utf8") });
  }
  for (const { path, text } of files) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), text, { mode: path === PROGRAM ? 0o755 : 0o644 });
  }
  const name = configuration.name.replace("@", "").replace("/", "-");
  const archive = join(out, `${name}-${configuration.version}.tgz`);
  await writeFile(archive, await packArchive(files, [PROGRAM]));
  return { folder, archive };
}

/** @param packages what its files import: `hono@^4.13` */
function packageManifest(
  configuration: Configuration,
  packages: ReadonlySet<string>,
): Record<string, unknown> {
  const { name, version, license, exports } = configuration;
  const versions = Array.from(packages, (text) => {
    const at = text.lastIndexOf("@");
    return [text.slice(0, at), text.slice(at + 1)] as const;
  }).sort();
  const optional = versions.filter(([name]) => OPTIONAL.includes(name));
  return {
    name,
    version,
    description: "A versioned registry of artifacts on folders and buckets, without a server.",
    license,
    type: "module",
    engines: { node: `>=${NODE.join(".")}.0` },
    typeScriptVersion: "5.8", // the least that reads the types without skipLibCheck
    ...repositoryOf(realSystem),
    bin: { holdfast: `./${PROGRAM}` },
    exports: {
      ...Object.fromEntries(
        Object.entries(exports).map(([subpath, file]) => [subpath, doorOf(file)]),
      ),
      "./package.json": "./package.json",
    },
    sideEffects: WITH_EFFECTS,
    browser: Object.fromEntries(ON_DISK.map((file) => [`./${file}.js`, "./disk/no_disk.js"])),
    types: "./mod.d.ts", // for tools that look no further
    dependencies: Object.fromEntries(versions.filter(([name]) => !OPTIONAL.includes(name))),
    peerDependencies: Object.fromEntries(optional),
    peerDependenciesMeta: Object.fromEntries(optional.map(([name]) => [name, { optional: true }])),
  };
}

/** The repository of a workflow that releases, which npm compares with the provenance. */
function repositoryOf({ env }: Pick<System, "env">): Record<string, unknown> {
  const [server, name] = [env("GITHUB_SERVER_URL"), env("GITHUB_REPOSITORY")];
  return name ? { repository: { type: "git", url: `git+${server}/${name}.git` } } : {};
}

function doorOf(file: string): { types: string; default: string } {
  const place = `./${placeOf(file.replace("./", "")).replace(/\.ts$/, "")}`;
  return { types: `${place}.d.ts`, default: `${place}.js` };
}

async function translateAll(
  files: readonly string[],
  translate: (path: string, source: string) => Translated,
): Promise<Translated[]> {
  const found = new Map<string, Translated>();
  const wanted = new Set(files);
  for (const path of wanted) {
    const source = join(REPOSITORY, path.replace(/\.lazy\.ts$/, ".ts"));
    const file = translate(path, await readFile(source, "utf8"));
    found.set(path, file);
    for (const imported of file.files) wanted.add(imported);
  }
  return [...found.values()];
}

if (import.meta.main) {
  const [flag, out = "dist"] = Deno.args;
  if (flag !== undefined && flag !== "--out") {
    throw new Error("Cannot build the package: say nothing, or --out FOLDER");
  }
  const { folder, archive } = await buildPackage(resolve(out));
  console.log(`${folder}\n${archive}`);
}

// `deno task npm`: the package for npm, `dist/npm/`, and what `npm pack` makes of it, `dist/*.tgz`. Each file of the
// product becomes JavaScript that Node 22 and Bun run; what users can import has declarations.
//
// `--out FOLDER` puts both elsewhere.
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "@std/path";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../tests/support/source_files.ts";
import { tempRoot } from "../tests/support/temp_root.ts";
import { placeOf, placeOfStd, toDeclarations, toJavaScript } from "./npm/package_files.ts";
import type { PackageFile, Translated } from "./npm/package_files.ts";

/** What `deno.json` says of the package. */
interface Configuration {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
}

/**
 * What few programs need, and is large: SDKs of stores, clients of queues on servers. Who uses one installs it; the
 * first use says which.
 */
const OPTIONAL: readonly string[] = [
  "@aws-sdk/client-s3",
  "@google-cloud/storage",
  "bullmq",
  "ioredis",
  "pg",
];

/** What only pins a version for Deno's lock file. */
const LEFT_OUT = ["msgpackr-extract"];

/** The program that `bin` names. */
const PROGRAM = "bin/holdfast.js";

const BIN = `#!/usr/bin/env node
import { runCli } from "../apps/cli.js";
import { runProcess } from "../apps/cli/program/run_process.js";

await runProcess(runCli);
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
  const scripts = await translateAll(
    [...await sourceFiles(PRODUCT_FOLDERS), ...doors],
    toJavaScript,
  );
  const declarations = await translateAll(doors, toDeclarations);
  const all = [...scripts, ...declarations];
  const packages = new Set(all.flatMap(({ packages }) => packages));
  const std = [...new Set(all.flatMap(({ std }) => std))];
  const manifest = packageManifest(configuration, packages);
  const folder = join(out, "npm");
  await rm(folder, { recursive: true, force: true });
  const files: PackageFile[] = [
    ...all,
    { path: PROGRAM, text: BIN },
    { path: "package.json", text: `${JSON.stringify(manifest, null, 2)}\n` },
  ];
  for (const { path, text } of files) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), text, { mode: path === PROGRAM ? 0o755 : 0o644 });
  }
  for (const name of std) await bundleStd(name, join(folder, placeOfStd(name)));
  for (const name of ["LICENSE", "README.md"]) {
    await copyFile(join(REPOSITORY, name), join(folder, name));
  }
  await run("npm", ["pack", "--silent", "--pack-destination", out], folder);
  const name = configuration.name.replace("@", "").replace("/", "-");
  return { folder, archive: join(out, `${name}-${configuration.version}.tgz`) };
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
  }).filter(([name]) => !LEFT_OUT.includes(name)).sort();
  const optional = versions.filter(([name]) => OPTIONAL.includes(name));
  return {
    name,
    version,
    description: "A versioned registry of artifacts on folders and buckets, without a server.",
    license,
    type: "module",
    engines: { node: ">=22.12.0" },
    bin: { holdfast: `./${PROGRAM}` },
    exports: {
      ...Object.fromEntries(
        Object.entries(exports).map(([subpath, file]) => [subpath, doorOf(file)]),
      ),
      "./package.json": "./package.json",
    },
    types: "./mod.d.ts", // for tools that look no further
    dependencies: Object.fromEntries(versions.filter(([name]) => !OPTIONAL.includes(name))),
    peerDependencies: Object.fromEntries(optional),
    peerDependenciesMeta: Object.fromEntries(optional.map(([name]) => [name, { optional: true }])),
  };
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
    const file = translate(path, await readFile(join(REPOSITORY, path), "utf8"));
    found.set(path, file);
    for (const imported of file.files) wanted.add(imported);
  }
  return [...found.values()];
}

/** A standard package comes from JSR, which npm does not know: it goes along, as one file. */
async function bundleStd(name: string, to: string): Promise<void> {
  await using root = await tempRoot();
  const entry = root.join("entry.ts");
  await writeFile(entry, `export * from ${JSON.stringify(name)};\n`);
  const config = ["--config", join(REPOSITORY, "deno.json")];
  await run(Deno.execPath(), ["bundle", "--quiet", ...config, "-o", to, entry], REPOSITORY);
}

async function run(program: string, args: string[], cwd: string): Promise<void> {
  const { code, stderr } = await new Deno.Command(program, { args, cwd }).output();
  if (code !== 0) {
    throw new Error(`Cannot run ${program} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  }
}

if (import.meta.main) {
  const [flag, out = "dist"] = Deno.args;
  if (flag !== undefined && flag !== "--out") {
    throw new Error("Cannot build the package: say nothing, or --out FOLDER");
  }
  const { folder, archive } = await buildPackage(resolve(out));
  console.log(`${folder}\n${archive}`);
}

// A registry of packages that answers as jsr.io does, with this package and the `@std` packages
// that it needs, for programs that set `JSR_URL`. What it says of a package is [what
// Deno asks for](https://jsr.io/docs/api#jsr-registry-api).
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "@std/path";
import { writePageModule } from "../../../explorer/build.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { BUILT_PAGE, PRODUCT_FOLDERS, sourceFiles } from "../../support/source_files.ts";

/** A server that runs. */
export interface JsrServer extends AsyncDisposable {
  /** For `JSR_URL`. */
  readonly url: string;
}

interface Package {
  version: string;
  exports: unknown;
  files: ReadonlyMap<string, string>;
}

/** Starts one on a free port. */
export async function startJsr(): Promise<JsrServer> {
  const packages = new Map<string, Package>([["holdfast/holdfast", await thisPackage()]]);
  for (const name of await readdir(join(REPOSITORY, "dev/std"))) {
    packages.set(`std/${name}`, await stdPackage(name));
  }
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    const [, name, path] = /^\/@([a-z]+\/[a-z]+)\/(.+)$/.exec(pathname) ?? [];
    const found = packages.get(name);
    const text = found && answer(found, path);
    return text === undefined ? new Response("not found", { status: 404 }) : new Response(text);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function answer({ version, exports, files }: Package, path: string): string | undefined {
  if (path === "meta.json") return JSON.stringify({ latest: version, versions: { [version]: {} } });
  if (path !== `${version}_meta.json`) return files.get(path.replace(`${version}/`, ""));
  const manifest = Object.fromEntries(Array.from(files, ([name, text]) => {
    const checksum = `sha256-${createHash("sha256").update(text).digest("hex")}`;
    return [`/${name}`, { size: new TextEncoder().encode(text).length, checksum }];
  }));
  return JSON.stringify({ exports, manifest });
}

async function thisPackage(): Promise<Package> {
  const { version, exports } = JSON.parse(await readFile(join(REPOSITORY, "deno.json"), "utf8"));
  const files = new Map<string, string>();
  await writePageModule();
  for (const path of ["deno.json", "mod.ts", BUILT_PAGE, ...await sourceFiles(PRODUCT_FOLDERS)]) {
    const text = await readFile(join(REPOSITORY, path), "utf8");
    // As publishing does: what `imports` of deno.json says stands in the files.
    files.set(path, text.replace(/from "(@std\/[a-z/-]+)"/g, 'from "jsr:$1"'));
  }
  return { version, exports, files };
}

async function stdPackage(name: string): Promise<Package> {
  const folder = join(REPOSITORY, "dev/std", name);
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path), await readFile(path, "utf8"));
  }
  const { version, exports } = JSON.parse(files.get("deno.json")!);
  return { version, exports, files };
}

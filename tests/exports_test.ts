import { assert, assertEquals } from "@std/assert";
import { basename, dirname } from "@std/path";
import { readExports } from "./support/exports.ts";
import { readModuleGraph } from "./support/module_graph.ts";
import { runDenoCommand } from "./support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "./support/source_files.ts";

/** What is published under another name than its path, or is no part of the product's folders. */
const NAMED: Record<string, string> = {
  ".": "./mod.ts",
  "./cli": "./apps/cli.ts",
  "./diff": "./apps/diff.ts",
  "./http": "./apps/client.ts",
  "./server": "./apps/server.ts",
  "./places": "./registry/places/mod.ts",
  "./materializers/formats": "./materializers/formats.ts",
  "./materializers/zarr": "./materializers/zarr.ts",
  "./operators/engines": "./operators/engines/mod.ts",
  "./events": "./plugins/events/mod.ts",
  "./events/redis": "./plugins/events/redis.ts",
  "./events/memory": "./plugins/events/memory.ts",
  "./testing/events": "./tests/conformance/events.ts",
  "./plugins/jobs": "./plugins/jobs.ts",
  "./plugins/storage": "./plugins/storage.ts",
  "./testing": "./tests/conformance/mod.ts",
  "./testing/files": "./tests/conformance/files.ts",
  "./testing/registry": "./tests/conformance/registry.ts",
  "./testing/queues": "./tests/conformance/queues.ts",
  "./testing/simulate": "./tests/simulate/mod.ts",
  "./workers/operators/program": "./workers/operators/program.ts",
  "./workers/worker": "./workers/worker.ts",
};

/** Folders whose `mod.ts` is a door of its own; that of `registry/` stands behind the root. */
const DOORS = [
  "backends",
  "materializers",
  "files",
  "formats",
  "operators",
  "operators/config",
  "operators/graph",
  "operators/runner",
  "queues",
  "workers",
  "workers/operators",
  "plugins",
];

/** Wrappers of a package that only other files of ours import: what several doors need, and what a part loads by name. */
const WRAPPERS = ["queues/redis.ts", "materializers/path/ignore_rules.ts"];

const exported = await readExports();
const files = Object.values(exported);

Deno.test("the export map has every door, every driver and every library file with a package of its own, and no more", async () => {
  const product = (await sourceFiles(PRODUCT_FOLDERS)).filter((path) => !WRAPPERS.includes(path));
  const graph = await readModuleGraph(product);
  const meant = product.filter((path) =>
    (DOORS.includes(dirname(path)) && basename(path) === "mod.ts") ||
    isDriver(path, product) ||
    (!/^(apps|queues\/\w+|formats\/\w+|operators\/config)\//.test(path) &&
      graph.get(path)!.some((target) => target.startsWith("npm:")))
  );
  const map = {
    ...NAMED,
    ...Object.fromEntries(meant.map((path) => [subpathOf(path), `./${path}`])),
  };
  assertEquals(exported, map);
});

Deno.test("every exported symbol is documented, with explicit types and no private ones", async () => {
  const { code, stderr } = await runDenoCommand(["doc", "--lint", ...files]);
  const found = stderr.split(/^(?=error)/m).filter((error) => error.startsWith("error["));
  assert(code === 0 || found.length > 0, stderr);
  assertEquals(found.filter((error) => !isMember(error)).join("\n"), "");
});

/** A member whose name says everything needs no documentation; the lint of Deno asks for it. */
function isMember(error: string): boolean {
  return error.startsWith("error[missing-jsdoc]") && /^\s*\d+ \|  +\S/m.test(error);
}

Deno.test("every export but the program can be imported by its public name", async () => {
  for (const subpath of Object.keys(exported).filter((subpath) => subpath !== "./cli")) {
    const module = await import(`@holdfast/holdfast${subpath.slice(1)}`);
    assertEquals("default" in module, false, subpath);
  }
});

/** What is opened or made by a file of its own: stores of objects, stores of files, formats, queues. */
const DRIVERS = ["backends", "files", "formats", "queues"];

/** A driver is a file right in one of these, but not their list, that is not a part (`s3_providers.ts`) of another (`s3.ts`). */
function isDriver(path: string, product: string[]): boolean {
  const whole = `${path.split(/[/_.]/, 2).join("/")}.ts`;
  return DRIVERS.includes(dirname(path)) && !/^(mod|drivers)\.ts$/.test(basename(path)) &&
    (path === whole || !product.includes(whole));
}

/** `./backends/with-prefix` for `backends/with_prefix.ts`, `./materializers` for `materializers/mod.ts`. */
function subpathOf(path: string): string {
  return `./${path.replace(/(\/mod)?\.ts$/, "").replaceAll("_", "-")}`;
}

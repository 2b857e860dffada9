import { assert, assertEquals } from "@std/assert";
import { readExports } from "./support/exports.ts";
import { readModuleGraph } from "./support/module_graph.ts";
import { runDenoCommand } from "./support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "./support/source_files.ts";

const exported = await readExports();
const files = Object.values(exported);

Deno.test("backends and formats that need a package have an entry point, for `deno compile --include`", async () => {
  const product = await sourceFiles(PRODUCT_FOLDERS);
  const graph = await readModuleGraph(product);
  const withPackages = product.filter((path) =>
    /^(backends|formats)\/\w+\.ts$/.test(path) &&
    graph.get(path)!.some((target) => target.startsWith("npm:"))
  );
  assert(withPackages.includes("backends/s3.ts"), withPackages.join());
  assertEquals(withPackages.filter((path) => !files.includes(`./${path}`)), []);
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

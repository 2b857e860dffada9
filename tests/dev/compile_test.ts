import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compileArguments, filesToInclude, missingRuntime } from "../../dev/compile.ts";
import { writePageModule } from "../../explorer/build.ts";
import { reachable, readModuleGraph } from "../support/module_graph.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";

Deno.test("files that a compiled program loads by name are found: the worker, every driver, and their parts", async () => {
  const files = await filesToInclude();
  for (
    const file of [
      "workers/worker.ts",
      "backends/gcs.ts",
      "backends/local.ts",
      "backends/s3.ts",
      "materializers/mod.ts",
      "extensions/queues/checks/cron.ts",
    ]
  ) {
    assert(files.includes(file), file);
  }
  // Of programs what others load too: the service, its client, what compares, exports
  // a site, serves assistants.
  const isLoaded = (file: string) =>
    /^apps\/(server|client|client\/(new_bytes|uploads\/(direct|upload_note))|diff|gateways|maintenance|cli\/(extending|program\/extension)|server\/(app|extending|export_site|explorer\/page_files))\.ts$/
      .test(file);
  assertEquals(files.filter((file) => /^(tests|apps)\//.test(file) && !isLoaded(file)), []);
});

Deno.test("the compiled command line has the worker and all that it runs in it", async () => {
  await using root = await tempRoot();
  await writePageModule();
  const flags = ["--no-check", "--output", root.join("holdfast")];
  const args = await compileArguments(flags, root.path);
  // The list is that of the real build; the runtime in the binary is that of this test, for others are downloaded.
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: REPOSITORY,
    env: { DENORT_BIN: Deno.execPath(), NO_COLOR: "1" },
  });
  const { code, stderr, stdout } = await command.output();
  const output = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  assertEquals(code, 0, output);
  const embedded = readEmbedded(output);
  const isEmbedded = (path: string) =>
    embedded.some((found) =>
      found === path || (found.endsWith("/*") && path.startsWith(found.slice(0, -1)))
    );
  const programs = await filesToInclude();
  const modules = await codeOf(programs);
  const run = modules.filter((module) => !/^(npm|jsr|node|https?):/.test(module));
  assertEquals(programs.filter((program) => !run.includes(program)), []);
  assertEquals(run.filter((path) => !isEmbedded(path)), []);
  assert(isEmbedded("apps/server/explorer/bundle.ts"));
  assert(!isEmbedded("tests/conformance/mod.ts"));
  const packages = new Set(modules.flatMap((module) => nameOfPackage(module) ?? []));
  assert(packages.has("bullmq") && packages.has("@aws-sdk/client-s3"));
  const hasPackage = (name: string) =>
    embedded.some((path) => path.startsWith(`${PACKAGES}${name}/`));
  assertEquals([...packages, "@smithy/core"].filter((name) => !hasPackage(name)), []);
  const ofTests = ["playwright-core", "workerd", "miniflare", "typescript", "fast-check"];
  assertEquals(ofTests.filter(hasPackage), []);
});

Deno.test("a runtime that cannot be downloaded is named, with the way around", () => {
  const url = "https://dl.deno.land/release/v2.9.6/denort-aarch64-apple-darwin.zip";
  const output =
    "error: Writing deno compile executable to temporary file 'x.tmp'\n\nCaused by:\n" +
    `    0: Setting up base binary.\n    1: error sending request for url (${url}): dns error`;
  const said = missingRuntime(output)!;
  assertStringIncludes(said, "error: Cannot compile for aarch64-apple-darwin: ");
  assertStringIncludes(said, url);
  assertStringIncludes(said, "DENORT_BIN=");
  assertEquals(missingRuntime("error: Module not found"), undefined);
});

/** The folder of a binary with the packages of npm. */
const PACKAGES = ".deno_compile_node_modules/localhost/";

/** Reads the tree that `deno compile` prints, in which `folder/*` stands for all of a folder. */
function readEmbedded(output: string): string[] {
  const paths: string[] = [];
  const folders: string[] = [];
  for (const line of output.split("Embedded Files")[1].split("\n")) {
    const match = /^([│ ]*)[├└]─[─┬] (.+) \(\S+.*\)$/.exec(line);
    if (match === null) continue;
    const depth = match[1].length / 2;
    folders.length = depth;
    folders.push(match[2]);
    paths.push(folders.join("/"));
  }
  return paths;
}

/** The modules that programs load, and `npm:…`; types are not among them. */
async function codeOf(programs: readonly string[]): Promise<string[]> {
  const graph = await readModuleGraph(programs, { codeOnly: true });
  return [...new Set(programs.flatMap((program) => [...reachable(graph, program)]))];
}

function nameOfPackage(module: string): string | undefined {
  return /^npm:\/?((?:@[^/]+\/)?[^@/]+)/.exec(module)?.[1];
}

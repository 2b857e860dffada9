// Programs that are bundled together with the npm package.
import { assert, assertEquals } from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { join } from "@std/path";
import { IGNORED, launchBrowser, SKIPPED } from "../apps/explorer/support/browser.ts";
import { startWorker } from "../servers/r2/run_worker.ts";
import { tempRoot } from "../support/temp_root.ts";
import { OPENS } from "./npm/bundled_program.ts";
import { EDGE, EDGE_RESULT } from "./npm/edge_program.ts";
import { type InstalledPackage, installPackage, runIn } from "./npm/installed_package.ts";

const root = await tempRoot();
globalThis.addEventListener("unload", () => Deno.removeSync(root.path, { recursive: true }));

let found: Promise<InstalledPackage> | undefined;
const installed = () => found ??= installPackage(root.path);

Deno.test("a bundle with its packages opens folders and S3, without one that is missing", async () => {
  const { project, env, runtime } = await installed();
  await writeFile(join(project, "opens.mjs"), OPENS);
  const asModule = [
    "--format=esm",
    `--banner:js=import { createRequire } from "node:module"; const require = createRequire("/");`,
  ];
  for (const [extension, flags] of [["cjs", []], ["mjs", asModule]] as const) {
    const cwd = root.join(`bundle-${extension}`);
    await mkdir(cwd);
    const bundle = ["npx", "-y", "-p", "esbuild@0.28", "esbuild", "--bundle", "--platform=node"];
    const built = await runIn({ cwd: project, env }, [
      ...[...bundle, "--log-level=error", "opens.mjs"],
      ...[...flags, `--outfile=${join(cwd, `opens.${extension}`)}`],
    ]);
    assertEquals([built.code, built.stderr], [0, ""]);
    const command = [await runtime("node@22"), `opens.${extension}`];
    const { stdout, stderr } = await runIn({ cwd, env }, command);
    const missing = "Cannot load gcs: the package @google-cloud/storage is not installed";
    assertEquals(stdout, `1\n201\ntrue\n${missing}\n`, stderr);
  }
});

let edge: Promise<string> | undefined;
/** Bundles a program for browsers and Workers. A module that they lack would fail the build. */
const edgeBundle = () =>
  edge ??= installed().then(async ({ project, env }) => {
    await writeFile(join(project, "edge.mjs"), EDGE);
    const flags = "--bundle --platform=browser --format=esm --minify --log-level=error".split(" ");
    const { code, stderr } = await runIn({ cwd: project, env }, [
      ...["npx", "-y", "-p", "esbuild@0.28", "esbuild", ...flags],
      ...["--outfile=edge.js", "edge.mjs"],
    ]);
    assertEquals([code, stderr], [0, ""]);
    return await readFile(join(project, "edge.js"), "utf8");
  });

Deno.test("a registry over R2 is at most 90 KiB in a bundle that imports nothing", async () => {
  const bundle = await edgeBundle();
  const bytes = gzipSync(bundle, { level: 9 }).byteLength;
  console.log(`a registry over R2, minified and compressed: ${bytes} bytes`);
  assert(bytes <= 90 * 1024);
});

Deno.test({
  name: "the bundle runs in workerd, with and without nodejs_compat",
  // Miniflare keeps connections of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const bundle = await edgeBundle();
    for (const flags of [[], ["nodejs_compat"]]) {
      await using worker = await startWorker(bundle, { flags });
      for (const path of ["/bucket", "/memory"]) {
        const { text } = await worker.fetch(path);
        assertEquals(JSON.parse(text), EDGE_RESULT, `${flags} ${path}`);
      }
    }
  },
});

Deno.test({
  name: "the bundle runs in Chromium" + SKIPPED,
  ignore: IGNORED,
  sanitizeOps: false, // the browser keeps a connection
  sanitizeResources: false,
  async fn() {
    const bundle = await edgeBundle();
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
      return new Response(bundle, { headers: { "content-type": "text/javascript" } });
    });
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.addr.port}/`);
      const ran = await page.evaluate(`import("/edge.js").then(({ run }) => run())`);
      assertEquals(ran, EDGE_RESULT);
    } finally {
      await browser.close();
    }
  },
});

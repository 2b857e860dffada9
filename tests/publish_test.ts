import { assert, assertEquals } from "@std/assert";
import { relative } from "@std/path";
import { writePageModule } from "../explorer/build.ts";
import { denoSucceeds, REPOSITORY } from "./support/run_deno.ts";

/**
 * Files whose imports the registry of packages cannot see, because nobody should download them unasked, or because only
 * the caller knows them.
 */
const UNSEEN_IMPORTS: string[] = [
  "apps/cli/places/load_module.ts",
  "apps/cli/places/own_package.ts",
  "core/urls/load_part.ts",
  "workers/worker.ts",
];

Deno.test("the package can be published: no slow types, no warning but for imports that mean to stay unseen", async () => {
  await writePageModule();
  const { stdout, stderr } = await denoSucceeds([
    "publish",
    "--dry-run",
    "--allow-dirty",
    "--no-check",
  ]);
  const files = Array.from(
    (stdout + stderr).matchAll(/file:(\/\S+)/g),
    ([, path]) => relative(REPOSITORY, path!),
  );
  assert(files.includes("apps/server/explorer/bundle.ts"), "the page is missing");
  assertEquals(files.filter((path) => /^explorer\/|_test\.ts$/.test(path)), []);
  const warnings = Array.from(
    (stdout + stderr).matchAll(/warning\[(.+?)\][^]*?--> (.+?):\d+/g),
    ([, code, path]) => ({
      code,
      path: relative(REPOSITORY, path),
    }),
  );
  assertEquals(
    warnings,
    UNSEEN_IMPORTS.map((path) => ({ code: "unanalyzable-dynamic-import", path })),
  );
});

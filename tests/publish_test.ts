import { assertEquals } from "@std/assert";
import { relative } from "@std/path";
import { denoSucceeds, REPOSITORY } from "./support/run_deno.ts";

/**
 * Files whose imports the registry of packages cannot see, because nobody should download them unasked, or because only
 * the caller knows them.
 */
const UNSEEN_IMPORTS: string[] = [
  "apps/cli/places/load_module.ts",
  "apps/client/download.ts",
  "core/urls/load_part.ts",
  "workers/worker.ts",
];

Deno.test("the package can be published, with no warning but for imports that mean to stay unseen", async () => {
  const { stdout, stderr } = await denoSucceeds([
    "publish",
    "--dry-run",
    "--allow-dirty",
    "--no-check",
  ]);
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

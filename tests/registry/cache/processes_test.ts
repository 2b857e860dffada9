import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { realSystem } from "../../../core/system.ts";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import { runDeno, spawnDeno } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { keysOf, noise } from "../registries.ts";

/** Programs are run by Deno's own executable. */
const ignore = process.versions.deno === undefined;
const PROCESSES = 3, VERSIONS = 30, LOADS = 150, SIZE = 100_000;
const MAX_BYTES = 15 * SIZE;

Deno.test({
  name:
    `${PROCESSES} processes load by way of one cache: every value is right, and the cache stays near its limit`,
  ignore,
  async fn() {
    const root = await tempRoot();
    try {
      const registry = await openRegistry(root.join("registry"), { durability: "os" });
      for (let n = 1; n <= VERSIONS; n++) {
        await registry.save("a", noise(SIZE, n), { version: `${n}` });
      }
      const programs = Array.from(
        { length: PROCESSES },
        (_, n) =>
          spawnDeno("tests/registry/programs/load_by_cache.ts", [
            root.join("registry"),
            root.join("cache"),
            ...[MAX_BYTES, VERSIONS, LOADS, n + 1].map(String),
          ], { permissions: ["-A"] }),
      );
      const outputs = programs.map((program) => program.output());
      for (const { stdin } of programs) {
        const writer = stdin.getWriter();
        await writer.write(new TextEncoder().encode("go\n"));
        await writer.close();
      }
      for (const { code, stdout, stderr } of await Promise.all(outputs)) {
        assertEquals(code, 0, new TextDecoder().decode(stderr));
        const largest = Number(new TextDecoder().decode(stdout).trim().split("\n").at(-1));
        assertLessOrEqual(largest, MAX_BYTES + PROCESSES * 2 * SIZE);
        assertGreater(largest, MAX_BYTES / 3);
      }
    } finally {
      await root.remove();
    }
  },
});

Deno.test({
  name: "a program that may not read its home has no cache, and is not asked",
  ignore,
  async fn() {
    const root = await tempRoot();
    try {
      const program = root.join("program.ts");
      const from = (path: string) =>
        JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);
      await Deno.writeTextFile(
        program,
        `import { createMemoryBackend, openRegistry } from ${from("mod.ts")};
         const say = (text) => console.log(text);
         const logger = { debug: say, info: say, warn: say, error: say };
         const registry = await openRegistry({ ...createMemoryBackend(), kind: "remote" }, { logger });
         await registry.save("a", "one", { version: "1" });
         console.log(await registry.load("a@1"), await registry.load("a@1"));
         await registry[Symbol.asyncDispose]();`,
      );
      // Deno's own cache is below the home too, and what is not in it is downloaded.
      const DENO_DIR = realSystem.env("DENO_DIR") ?? join(homedir(), ".cache", "deno");
      const run = (...permissions: string[]) =>
        runDeno(program, [], { permissions, env: { HOME: root.path, DENO_DIR } });
      const none = await run();
      assertEquals(none.code, 0, none.stderr);
      assertEquals(
        none.stdout.includes("no cache: HOME is not set, or may not be read"),
        true,
        none.stdout,
      );
      const noFiles = await run("--allow-env");
      assertEquals(noFiles.code, 0, noFiles.stderr);
      assertEquals(
        noFiles.stdout.includes("no cache: this program may not read"),
        true,
        noFiles.stdout,
      );
      const folder = root.join(".cache", "holdfast");
      const all = await run("--allow-env", `--allow-read=${folder}`, `--allow-write=${folder}`);
      assertEquals(all.code, 0, all.stderr);
      assertEquals(all.stdout.includes("cache"), false, all.stdout);
      assertEquals((await keysOf(createLocalBackend({ path: folder }), "records/")).length, 1);
    } finally {
      await root.remove();
    }
  },
});

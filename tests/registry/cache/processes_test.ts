import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import process from "node:process";
import { openRegistry } from "../../../mod.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { noise } from "../registries.ts";

/** Programs need the executable of Deno. */
const ignore = process.versions.deno === undefined;
const PROCESSES = 3, VERSIONS = 30, LOADS = 60, SIZE = 100_000;
const MAX_BYTES = 15 * SIZE;

Deno.test({
  name: `${PROCESSES} processes share a cache: right values, size near its limit`,
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

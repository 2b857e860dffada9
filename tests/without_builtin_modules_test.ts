import { assertEquals } from "@std/assert";
import { openRegistry } from "@holdfast/holdfast";
import { runDeno } from "./support/run_deno.ts";
import { tempRoot } from "./support/temp_root.ts";

Deno.test("a runtime without modules of Node reads and writes the same, and expands gzip", async () => {
  await using root = await tempRoot();
  const folder = root.join("registry");
  await using registry = await openRegistry(folder);
  await registry.save("small", "a".repeat(600_000), { compress: "gzip" });
  const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * 7 + (i >> 9));
  await registry.save("large", large, { compress: "gzip" });
  const program = root.join("program.ts");
  await Deno.writeTextFile(
    program,
    `process.getBuiltinModule = undefined;
    const { openRegistry } = await import(${JSON.stringify(import.meta.resolve("../mod.ts"))});
    const registry = await openRegistry(${JSON.stringify(folder)});
    const small = await registry.load("small");
    const large = await registry.load("large");
    const { digest } = await registry.save("again", large);
    const code = await registry.save("zip", small, { compress: "gzip" }).catch(({ code }) => code);
    console.log(small === "a".repeat(600_000), large.length, code, digest);`,
  );
  const { stdout, stderr } = await runDeno(program, [], { permissions: ["-A"] });
  const { digest } = await registry.info("again");
  assertEquals(stdout, `true 3000000 Unsupported ${digest}\n`, stderr);
  assertEquals(await registry.load("again"), large);
  assertEquals(digest, (await registry.save("here", large)).digest);
});

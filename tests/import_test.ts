import { assert, assertEquals } from "@std/assert";
import { reachable, readModuleGraph } from "./support/module_graph.ts";
import { runDeno } from "./support/run_deno.ts";
import { tempRoot } from "./support/temp_root.ts";

Deno.test("importing the root fetches nothing but the std copies", async () => {
  const graph = await readModuleGraph(["mod.ts"]);
  const foreign = [...reachable(graph, "mod.ts")].filter((module) =>
    /^(npm|jsr|https?):/.test(module)
  );
  assertEquals(
    foreign.filter((module) => !["npm:deno-std", "npm:std-semver"].includes(module)),
    [],
  );
});

Deno.test("importing the root loads the registry, two backends, the default materializers and the client, and no more", async () => {
  const graph = await readModuleGraph(["mod.ts"]);
  const paths = [...reachable(graph, "mod.ts")].filter((module) => !module.includes(":"));
  const ofApps = paths.filter((path) => path.startsWith("apps/"));
  assertEquals(ofApps.filter((path) => !/^apps\/client[./]/.test(path)), []);
  const folders = new Set(paths.map((path) => path.split("/")[0]));
  assertEquals([...folders].sort(), [
    "apps",
    "backends",
    "core",
    "dev",
    "disk",
    "formats",
    "materializers",
    "mod.ts",
    "registry",
  ]);
});

Deno.test("importing the root loads only this of the registry; the rest loads when it is used", async () => {
  const graph = await readModuleGraph(["mod.ts"], { atStart: true });
  const loaded = [...reachable(graph, "mod.ts")].filter((path) => path.startsWith("registry/"));
  const light = loaded.filter((path) => /^registry\/(contract\/|tools\b)/.test(path));
  assertEquals(loaded, light);
});

Deno.test("importing the materializers loads what writes to a disk later", async () => {
  const graph = await readModuleGraph(["materializers/mod.ts"], { atStart: true });
  const loaded = [...reachable(graph, "materializers/mod.ts")];
  assertEquals(loaded.filter((path) => /write_files/.test(path)), []);
});

Deno.test("opening a registry loads no probe, garbage collection or verification", async () => {
  const graph = await readModuleGraph(["registry/open.ts"], { atStart: true });
  const loaded = [...reachable(graph, "registry/open.ts")];
  assertEquals(
    loaded.filter((path) => path.startsWith("extensions/maintenance/")),
    [],
  );
});

Deno.test("modules that are loaded later need no permission either", async () => {
  await using root = await tempRoot();
  const program = root.join("program.ts");
  await Deno.writeTextFile(
    program,
    `import { createMemoryBackend, openRegistry } from "${new URL("../mod.ts", import.meta.url)}";
    import { collectGarbage, probeBackend } from "${new URL(
      "../apps/maintenance.ts",
      import.meta.url,
    )}";
    import { prune } from "${new URL("../extensions/maintenance/pruning/mod.ts", import.meta.url)}";
    import { verifyRegistry } from "${new URL(
      "../extensions/verification/mod.ts",
      import.meta.url,
    )}";
    const registry = await openRegistry("memory:");
    await registry.save("a", 1);
    await collectGarbage(registry);
    await prune(registry, { keepLast: 1 });
    const { ok } = await probeBackend(createMemoryBackend());
    console.log(await registry.load("a"), ok, (await verifyRegistry(registry)).ok);`,
  );
  const { stdout, stderr } = await runDeno(program, []);
  assertEquals(stdout, "1 true true\n", stderr);
});

Deno.test("importing the root needs no permission", async () => {
  await using root = await tempRoot();
  const program = root.join("program.ts");
  const door = new URL("../mod.ts", import.meta.url).href;
  await Deno.writeTextFile(
    program,
    `import * as holdfast from "${door}"; console.log(typeof holdfast.openRegistry);`,
  );
  const { code, stdout, stderr } = await runDeno(program, []);
  assert(code === 0, stderr);
  assertEquals(stdout, "function\n");
});

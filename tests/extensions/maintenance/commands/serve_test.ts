import { assertEquals } from "@std/assert";
import { createCommandContext } from "../../../../apps/cli/program/command_context.ts";
import { realSystem } from "../../../../core/system.ts";
import { maintenanceExtension } from "../../../../extensions/maintenance/extension.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { captureIo } from "../../../apps/captured_io.ts";
import { tempRoot } from "../../../support/temp_root.ts";

Deno.test("--prune-every prunes by the rules at intervals, beside the service, until the run ends", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry("memory:");
  await changeRules(registry, { set: { pattern: "a", keepLast: 1 } });
  for (const value of [1, 2]) await registry.save("a", value);
  const run = new AbortController();
  const slept: number[] = [];
  const sleep = async (ms: number) => {
    slept.push(ms);
    if (slept.length === 1) await registry.save("a", 3);
    else run.abort();
  };
  const env = (name: string) => name === "HOLDFAST_STATE" ? root.path : undefined;
  const system = { ...realSystem, sleep, env, envNames: () => ["HOLDFAST_STATE"] };
  const io = captureIo({ cwd: root.path, system, signal: run.signal });
  await using context = createCommandContext({ io, shared: {}, tokens: [] });
  const parts = await Array.fromAsync(
    maintenanceExtension.serving!.open!({ pruneEvery: 5_000 }, context),
  );
  await Promise.all(parts.map((part) => part.beside!(registry)));
  assertEquals(slept, [5_000, 5_000]);
  assertEquals((await Array.fromAsync(registry.versions("a"))).map(({ version }) => version), [
    "3.0.0",
  ]);
  assertEquals(io.errors().match(/Pruned 1 version by rules/g)?.length, 2);
});

Deno.test("a service without --prune-every does not prune", async () => {
  await using root = await tempRoot();
  await using context = createCommandContext({
    io: captureIo({ cwd: root.path }),
    shared: {},
    tokens: [],
  });
  assertEquals(await Array.fromAsync(maintenanceExtension.serving!.open!({}, context)), []);
});

// Options of `serve` for MLflow.
import { assertEquals } from "@std/assert";
import { cliTest } from "../../../apps/captured_io.ts";
import { openMlflow } from "./open_mlflow.ts";

cliTest("the prefix of models needs the gateway", async (it) => {
  await it.holdfast("init reg", { cwd: it.root.path });
  await it.fails("serve -r reg --port 0 --mlflow-models m:", 2, "Add --mlflow, or remove", {
    cwd: it.root.path,
  });
});

Deno.test("another prefix sets the models apart", async () => {
  await using service = await openMlflow({ models: "registered/" });
  const run_id = await service.begin("a");
  await service.put(`xa/${run_id}/artifacts/x`, "1");
  const source = `runs:/${run_id}`;
  await service.post("model-versions/create", { name: "clf", source });
  assertEquals(await Array.fromAsync(service.registry.names()), ["registered/clf"]);
  const { experiments } = await service.get("experiments/search");
  assertEquals(experiments.map(({ name }: { name: string }) => name), ["a", "Default"]);
});

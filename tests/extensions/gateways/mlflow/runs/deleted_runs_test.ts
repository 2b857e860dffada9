// Deleted runs, and names of new ones.
import { assertEquals } from "@std/assert";
import { assertRefused, byKey, type Json, openMlflow } from "../open_mlflow.ts";

const metric = (key: string, value: number, step = 0) => ({ key, value, timestamp: 2000, step });

Deno.test("a deleted run is read while its files are there", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin();
  const root = `xdigits/${run_id}/artifacts`;
  await service.post("runs/log-metric", { run_id, ...metric("loss", 1) });
  await service.put(`${root}/d/model.bin`, "weights");
  await service.end(run_id);
  await service.post("runs/log-metric", { run_id, ...metric("loss", 0.5, 1) });
  await service.post("runs/delete", { run_id });
  assertEquals(await service.values(run_id, "loss"), [[0, 1], [1, 0.5]]);
  assertEquals([await service.list(root), await service.list(`${root}/d`)], [["d/"], [
    "model.bin",
  ]]);
  assertEquals(await service.text(`${root}/d/model.bin`), "weights");
  await assertRefused(
    service.post("runs/set-tag", { run_id, key: "a", value: "b" }),
    "INVALID_PARAMETER_VALUE",
    "Current state is deleted",
  );
});

Deno.test("a new run has a name and its tag", async () => {
  await using service = await openMlflow();
  const create = async (body: Json) => {
    const { run } = await service.post("runs/create", { experiment_id: "0", ...body });
    assertEquals((await service.run(run.info.run_id)).info, run.info);
    return [run.info.run_name, byKey(run.data.tags)["mlflow.runName"]];
  };
  const named = (value: string) => [{ key: "mlflow.runName", value }];
  const [name, tag] = await create({});
  assertEquals([name, (name as string).length > 0], [tag, true]);
  assertEquals(await create({ run_name: "one" }), ["one", "one"]);
  assertEquals(await create({ tags: named("two") }), ["two", "two"]);
  assertEquals(await create({ run_name: "two", tags: named("two") }), ["two", "two"]);
  const differ = create({ run_name: "one", tags: named("two") });
  await assertRefused(differ, "INVALID_PARAMETER_VALUE", "different values");
});

Deno.test("a deleted run is restored", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin();
  await service.post("runs/log-metric", { run_id, ...metric("loss", 1) });
  await service.end(run_id);
  await service.post("runs/set-tag", { run_id, key: "a", value: "b" });
  await service.post("runs/delete", { run_id });
  const { info, data } = await service.run(run_id);
  assertEquals([info.lifecycle_stage, byKey(data.metrics)], ["deleted", { loss: 1 }]);
  assertEquals(await Array.fromAsync(service.registry.versions("digits")), []);
  await service.post("runs/restore", { run_id });
  assertEquals((await service.run(run_id)).info.lifecycle_stage, "active");
  const tags = { a: "b", "mlflow.runName": info.run_name };
  assertEquals(byKey((await service.run(run_id)).data.tags), tags);
  const open = await service.begin();
  await service.post("runs/delete", { run_id: open });
  await assertRefused(service.run(open), "RESOURCE_DOES_NOT_EXIST", "not found");
});

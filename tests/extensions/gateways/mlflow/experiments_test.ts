import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { wrapBackend } from "../../../../core/work/wrap_backend.ts";
import { annotate, readAnnotations } from "../../../../registry/mod.ts";
import { readLoggedRuns } from "../../../../extensions/runs/mod.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import {
  assertRefused,
  byKey,
  type Json,
  type OpenMlflow,
  openMlflow,
  tokens,
} from "./open_mlflow.ts";

const ID = "xdigits";

async function read({ get }: OpenMlflow): Promise<Json> {
  return (await get("experiments/get", { experiment_id: ID })).experiment;
}

async function tagsOf(service: OpenMlflow): Promise<Record<string, unknown>> {
  return byKey((await read(service)).tags);
}

const setTag = ({ post }: OpenMlflow, key: string, value: string) =>
  post("experiments/set-experiment-tag", { experiment_id: ID, key, value });
const deleteTag = ({ post }: OpenMlflow, key: string) =>
  post("experiments/delete-experiment-tag", { experiment_id: ID, key });

Deno.test("an experiment has its tags before and after its first version", async () => {
  const backend = createMemoryBackend();
  await using service = await openMlflow({ backend });
  await using other = await openMlflow({ backend });
  const { registry, post } = service;
  const tags = [{ key: "team", value: "a" }, { key: "mlflow.note.content", value: "Digits" }];
  await post("experiments/create", { name: "digits", tags });
  await assertRefused(
    other.post("experiments/create", { name: "digits" }),
    "RESOURCE_ALREADY_EXISTS",
    "already exists",
  );
  await setTag(other, "team", "b");
  await setTag(service, "old", "1");
  await deleteTag(other, "old");
  await assertRefused(deleteTag(service, "old"), "RESOURCE_DOES_NOT_EXIST", "No tag");
  const expected = { team: "b", "mlflow.note.content": "Digits" };
  for (const each of [service, other]) assertEquals(await tagsOf(each), expected);
  const { creation_time } = await read(service);
  assert(creation_time > 0);
  assertEquals(await Array.fromAsync(readLoggedRuns(registry)), []);
  assertEquals(await Array.fromAsync(registry.names()), []);

  await service.end(await service.begin());
  for (const each of [service, other]) assertEquals(await tagsOf(each), expected);
  const { labels, notes } = (await readAnnotations(registry, "digits"))!;
  const created = new Date(creation_time).toISOString();
  assertEquals([labels, notes], [{ team: "b", "holdfast.created": created }, "Digits"]);
  await deleteTag(other, "team");
  await setTag(other, "mlflow.note.content", "All digits");
  await other.end(await other.begin());
  assertEquals(await tagsOf(service), { "mlflow.note.content": "All digits" });
  assertEquals((await read(service)).creation_time, creation_time);
});

Deno.test("tags of a name that another program saved are its labels", async () => {
  await using service = await openMlflow();
  const { registry, post } = service;
  await post("experiments/create", { name: "digits", tags: [{ key: "a", value: "waits" }] });
  await registry.save("digits", { by: "another program" });
  assertEquals(await tagsOf(service), { a: "waits" });
  await annotate(registry, "digits", { labels: { a: "labelled", n: 1 } });
  await setTag(service, "b", "2");
  assertEquals(await tagsOf(service), { a: "labelled", n: "1", b: "2" });
});

Deno.test("an experiment whose runs are all deleted keeps its tags", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin();
  await setTag(service, "a", "1");
  await service.end(run_id);
  await service.post("runs/delete", { run_id });
  assertEquals(await tagsOf(service), { a: "1" });
  await setTag(service, "b", "2");
  await deleteTag(service, "a");
  assertEquals(await tagsOf(service), { b: "2" });
});

Deno.test("a tag that is set while the first version is saved is not lost", async () => {
  const store = createMemoryBackend();
  let before: (() => Promise<unknown>) | undefined;
  const backend = wrapBackend(store, {
    async put(...args) {
      const first = before;
      before = undefined;
      await first?.();
      return await store.put(...args);
    },
  });
  await using service = await openMlflow({ backend });
  await using other = await openMlflow({ backend: store });
  const run_id = await service.begin();
  before = () => other.end(run_id);
  await setTag(service, "a", "1");
  assertEquals(before, undefined);
  await setTag(other, "b", "2");
  for (const each of [service, other]) assertEquals(await tagsOf(each), { a: "1", b: "2" });
});

Deno.test("a kill at any write of the first version loses no tag", async () => {
  for (let at = 1, isDone = false; !isDone; at++) {
    const store = createMemoryBackend();
    let left = Infinity;
    const dying = <T>(write: () => T): T => {
      if (left-- > 0) return write();
      throw new Error("killed");
    };
    const backend = wrapBackend(store, {
      put: (...args) => dying(() => store.put(...args)),
      delete: (...args) => dying(() => store.delete(...args)),
    });
    const tags = [{ key: "a", value: "1" }, { key: "mlflow.note.content", value: "Digits" }];
    await using service = await openMlflow({ backend });
    await service.post("experiments/create", { name: "digits", tags });
    const run_id = await service.begin();
    left = at;
    await service.end(run_id).then(() => isDone = true, () => {});
    left = Infinity;
    await using next = await openMlflow({ backend: store });
    const expected = { a: "1", "mlflow.note.content": "Digits" };
    assertEquals(await tagsOf(next), expected, `${at}`);
    await next.end(run_id);
    assertEquals(await tagsOf(next), expected, `${at}`);
    await deleteTag(next, "a");
    await next.end(await next.begin());
    assertEquals(Object.keys(await tagsOf(next)), ["mlflow.note.content"], `${at}`);
  }
});

Deno.test("searches compare the tags and times of experiments", async () => {
  await using service = await openMlflow();
  for (const [name, start_time] of [["a", 3000], ["b", 2000], ["c", 1000]] as const) {
    const experiment_id = `x${name}`; // that nobody created
    const { run } = await service.post("runs/create", { experiment_id, start_time });
    await service.end(run.info.run_id);
    const tag = { experiment_id, key: "kind", value: name === "b" ? "even" : "odd" };
    await service.post("experiments/set-experiment-tag", tag);
  }
  const found = async (query: Record<string, unknown>) =>
    (await service.post("experiments/search", query)).experiments
      .map(({ name, tags }: Json) => `${name} ${tags[0].value}`);
  assertEquals(await found({ filter: "tags.kind = 'odd'" }), ["a odd", "c odd"]);
  assertEquals(await found({ filter: "creation_time > 1500", order_by: ["creation_time"] }), [
    "b even",
    "a odd",
  ]);
  assertEquals(await found({ filter: "name = 'b'" }), ["b even"]);
  await assertRefused(
    found({ filter: "status = 'x'" }),
    "INVALID_PARAMETER_VALUE",
    "no field",
  );
});

Deno.test("tags of an experiment need the right of notes", async () => {
  const tags = [{ key: "a", value: "b" }];
  await using service = await openMlflow({ tokens, token: "read:*,save:*" });
  await assertRefused(
    service.post("experiments/create", { name: "digits", tags }),
    "PERMISSION_DENIED",
    "move",
  );
  await service.post("experiments/create", { name: "digits" });
  await assertRefused(setTag(service, "a", "b"), "PERMISSION_DENIED", "move");
  await assertRefused(setTag(service, "holdfast.x", "b"), "PERMISSION_DENIED", "move");
});

Deno.test("an experiment that nobody ran stays, and so does a deleted one", async () => {
  const system = createScriptedSystem();
  await using service = await openMlflow({ backend: createMemoryBackend({ system }), system });
  const { post } = service;
  await post("experiments/create", { name: "digits", tags: [{ key: "a", value: "b" }] });
  const before = await read(service);
  const names = async (view_type?: string) =>
    (await post("experiments/search", { view_type })).experiments.map(({ name }: Json) => name);
  const pass = async () => {
    system.advance(60 * 24 * 3_600_000);
    await collectGarbage(service.registry);
  };
  await pass();
  assertEquals([await read(service), await names()], [before, ["digits", "Default"]]);
  await service.end(await service.begin());
  assertEquals(await tagsOf(service), { a: "b" });
  await post("experiments/delete", { experiment_id: ID });
  await pass();
  assertEquals([await names(), await names("DELETED_ONLY")], [["Default"], ["digits"]]);
  assertEquals((await read(service)).creation_time, before.creation_time);
});

Deno.test("a deleted experiment is restored with its runs", async () => {
  const backend = createMemoryBackend();
  await using service = await openMlflow({ backend });
  await using other = await openMlflow({ backend });
  const { post, registry } = service;
  const ids = [await service.begin(), await service.begin()];
  const change = (way: string) => post(`experiments/${way}`, { experiment_id: ID });
  await setTag(service, "a", "1");
  await service.end(ids[0]!);
  await assertRefused(change("delete"), "RESOURCE_CONFLICT", ids[1]!);
  await service.end(ids[1]!);
  await assertRefused(change("restore"), "RESOURCE_DOES_NOT_EXIST", "No deleted experiment");
  await change("delete");
  for (const each of [service, other]) {
    const { lifecycle_stage } = await read(each);
    assertEquals([lifecycle_stage, await tagsOf(each)], ["deleted", { a: "1" }]);
  }
  const names = async (view_type?: string) =>
    (await post("experiments/search", { view_type })).experiments.map(({ name }: Json) => name);
  assertEquals([await names(), await Array.fromAsync(registry.names())], [["Default"], []]);
  assertEquals(await names("DELETED_ONLY"), ["digits"]);
  assertEquals(await names("ALL"), ["digits", "Default"]);
  const byName = await other.get("experiments/get-by-name", { experiment_name: "digits" });
  assertEquals(byName.experiment.lifecycle_stage, "deleted");
  await assertRefused(change("delete"), "INVALID_PARAMETER_VALUE", "'active' state");
  await assertRefused(
    other.post("experiments/create", { name: "digits" }),
    "RESOURCE_ALREADY_EXISTS",
    "deleted state",
  );
  for (const path of ["runs/create", "logged-models"]) {
    const begun = other.post(path, { experiment_id: ID });
    await assertRefused(begun, "INVALID_PARAMETER_VALUE", "restore_experiment");
  }
  assertEquals((await other.run(ids[0]!)).info.lifecycle_stage, "deleted");
  await change("restore");
  assertEquals(await names(), ["digits", "Default"]);
  assertEquals((await read(other)).lifecycle_stage, "active");
  const { runs } = await other.post("runs/search", { experiment_ids: [ID] });
  assertEquals(runs.length, 2);
  await service.end(await service.begin());
  assertEquals(await tagsOf(service), { a: "1" });
});

Deno.test("an experiment without a run is found, deleted and restored", async () => {
  await using service = await openMlflow();
  const { post } = service;
  await post("experiments/create", { name: "digits", tags: [{ key: "a", value: "1" }] });
  const names = async (filter = "name LIKE 'd%'") =>
    (await post("experiments/search", { filter })).experiments.map(({ name }: Json) => name);
  assertEquals(await names("tags.a = '1'"), ["digits"]);
  await post("experiments/delete", { experiment_id: ID });
  assertEquals([await names(), (await read(service)).lifecycle_stage], [[], "deleted"]);
  await post("experiments/restore", { experiment_id: ID });
  assertEquals([await names(), await tagsOf(service)], [["digits"], { a: "1" }]);
  await assertRefused(
    post("experiments/delete", { experiment_id: "xother" }),
    "RESOURCE_DOES_NOT_EXIST",
    "No Experiment",
  );
});

Deno.test("a delete and a restore of an experiment that were killed can be repeated", async () => {
  for (const way of ["delete", "restore"]) {
    for (let at = 0, isDone = false; !isDone; at++) {
      const store = createMemoryBackend();
      let left = Infinity;
      const dying = <T>(write: () => T): T => {
        if (left-- > 0) return write();
        throw new Error("killed");
      };
      const backend = wrapBackend(store, {
        put: (...args) => dying(() => store.put(...args)),
        delete: (...args) => dying(() => store.delete(...args)),
      });
      await using service = await openMlflow({ backend });
      const change = (by: OpenMlflow, path: string) =>
        by.post(`experiments/${path}`, { experiment_id: ID });
      for (let n = 0; n < 2; n++) await service.end(await service.begin());
      if (way === "restore") await change(service, "delete");
      left = at;
      await change(service, way).then(() => isDone = true, () => {});
      left = Infinity;
      await using next = await openMlflow({ backend: store });
      if (!isDone) await change(next, way).catch(() => {}); // it may have been complete
      const { lifecycle_stage } = await read(next);
      const { runs } = await next.post("runs/search", { experiment_ids: [ID] });
      const expected = way === "delete" ? ["deleted", 0] : ["active", 2];
      assertEquals([lifecycle_stage, runs.length], expected, `${way} ${at}`);
    }
  }
});

Deno.test("a search for a name reads no other experiment, and no model", async () => {
  const store = createMemoryBackend();
  const read: string[] = [];
  const get = async (...args: Parameters<typeof store.get>) => {
    read.push(args[0]);
    return await store.get(...args);
  };
  const getFirst = store.getFirst &&
    (async (...args: Parameters<typeof store.getFirst & object>) => {
      read.push(args[0]);
      return await store.getFirst!(...args);
    });
  await using writer = await openMlflow({ backend: store });
  for (const name of ["a", "b", "c"]) {
    await writer.post("experiments/create", { name });
    await writer.post("registered-models/create", { name });
  }
  await using service = await openMlflow({ backend: wrapBackend(store, { get, getFirst }) });
  read.length = 0;
  const { experiments } = await service.post("experiments/search", { filter: "name = 'b'" });
  assertEquals(experiments.map(({ name }: Json) => name), ["b"]);
  const others = read.filter((key) => key.startsWith("names/") && !key.startsWith("names/b/"));
  assertEquals(others, []);
});

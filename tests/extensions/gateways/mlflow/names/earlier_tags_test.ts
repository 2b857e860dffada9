// Names without versions as programs kept them in drafts, before such names had labels.
import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../../backends/memory.ts";
import { wrapBackend } from "../../../../../core/work/wrap_backend.ts";
import { collectGarbage } from "../../../../../extensions/maintenance/mod.ts";
import type { Registry } from "../../../../../core/registry.ts";
import { annotate, readAnnotations } from "../../../../../registry/mod.ts";
import { createScriptedSystem } from "../../../../support/scripted_system.ts";
import { assertRefused, byKey, type Json, type OpenMlflow, openMlflow } from "../open_mlflow.ts";

/** Sets tags as an earlier program did. */
async function setEarlier(
  { registry }: { registry: Registry },
  [name, id]: readonly [name: string, id: string],
  { tags, setMs, part = 1 }: { tags: Json; setMs: number; part?: number },
): Promise<void> {
  const draft = await registry.openDraft(name, { id: `run:${id}` });
  const content = new TextEncoder().encode(JSON.stringify(tags));
  const key = `artifact-${`${setMs}`.padStart(15, "0")}-${part}-${"0".repeat(32)}`;
  await draft.addPart(key, [{ path: "tags.json", content }]);
}

async function experiments({ post }: OpenMlflow, view_type = "ACTIVE_ONLY"): Promise<string[]> {
  const found = (await post("experiments/search", { view_type })).experiments;
  return found.map(({ name }: Json) => name).filter((name: string) => name !== "Default");
}

async function experiment({ get }: OpenMlflow, experiment_name: string): Promise<Json> {
  return (await get("experiments/get-by-name", { experiment_name })).experiment;
}

async function model({ get }: OpenMlflow, name = "clf"): Promise<Json> {
  return (await get("registered-models/get", { name })).registered_model;
}

async function models({ get }: OpenMlflow): Promise<string[]> {
  return (await get("registered-models/search")).registered_models.map(({ name }: Json) => name);
}

const EXPERIMENT = ["digits", "mlflow-experiment"] as const;
const ID = "xdigits";
const MODEL = ["models:clf", "mlflow-model"] as const;
const TAGS = { team: "a", "mlflow.note.content": "words" };

async function open() {
  const system = createScriptedSystem();
  const backend = createMemoryBackend({ system });
  const service = await openMlflow({ backend, system });
  const pass = async () => {
    system.advance(60 * 24 * 3_600_000);
    await collectGarbage(service.registry);
  };
  return { system, backend, service, pass, setMs: system.now() };
}

Deno.test("experiments and models that an earlier program keeps in drafts become labels", async () => {
  const { service, pass, setMs } = await open();
  await using _ = service;
  await setEarlier(service, EXPERIMENT, { tags: { old: "x", team: "b" }, setMs: setMs - 1 });
  await setEarlier(service, EXPERIMENT, { tags: { ...TAGS, old: null }, setMs });
  await setEarlier(service, MODEL, { tags: TAGS, setMs });
  await setEarlier(service, ["models:old", "mlflow-model~2"], {
    tags: { "holdfast.created": "5000" },
    setMs,
  });
  assertEquals([await experiments(service), await models(service)], [["digits"], ["clf", "old"]]);
  const { creation_time, tags } = await experiment(service, "digits");
  assertEquals([creation_time, byKey(tags)], [setMs - 1, TAGS]);
  const made = await model(service);
  assertEquals([made.creation_timestamp, made.description], [setMs, "words"]);
  assertEquals((await model(service, "old")).creation_timestamp, 5000);
  const create = { path: "registered-models/create", body: { name: "clf" } };
  await assertRefused(service.post(create.path, create.body), "RESOURCE_ALREADY_EXISTS", "clf");
  await pass();
  assertEquals([await experiments(service), await models(service)], [["digits"], ["clf", "old"]]);
  assertEquals([byKey((await experiment(service, "digits")).tags), await model(service)], [
    TAGS,
    made,
  ]);
});

Deno.test("an experiment that an earlier program deleted is found and restored", async () => {
  const { service, pass, setMs } = await open();
  await using _ = service;
  await service.post("experiments/create", { name: "saved" });
  await service.end(await service.begin("saved"));
  const labels = { "holdfast.created": null, "holdfast.deleted": "true", kept: "1" };
  await annotate(service.registry, "saved", { labels });
  await service.registry.delete("saved", { allVersions: true });
  await setEarlier(service, EXPERIMENT, { tags: { a: "b", "holdfast.deleted": "true" }, setMs });
  assertEquals((await experiments(service, "DELETED_ONLY")).sort(), ["digits", "saved"]);
  await pass();
  for (const name of ["digits", "saved"]) {
    const { lifecycle_stage, experiment_id } = await experiment(service, name);
    assertEquals(lifecycle_stage, "deleted");
    await service.post("experiments/restore", { experiment_id });
  }
  assertEquals(byKey((await experiment(service, "digits")).tags), { a: "b" });
  assertEquals((await experiment(service, "digits")).lifecycle_stage, "active");
});

Deno.test("an experiment whose first run was deleted is deleted and restored", async () => {
  const { service } = await open();
  await using _ = service;
  const begin = async () => {
    const { run } = await service.post("runs/create", { experiment_id: ID, start_time: 1000 });
    await service.end(run.info.run_id);
    return run.info.run_id;
  };
  await service.post("runs/delete", { run_id: await begin() });
  await begin();
  await service.post("experiments/delete", { experiment_id: ID });
  assertEquals(await experiments(service, "DELETED_ONLY"), ["digits"]);
  await service.post("experiments/restore", { experiment_id: ID });
  assertEquals(await experiments(service), ["digits"]);
});

Deno.test("changes of both programs meet: the last one counts", async () => {
  const { service, system, pass } = await open();
  await using _ = service;
  const create = { name: "digits", tags: [{ key: "a", value: "new" }] };
  await service.post("experiments/create", create);
  system.advance(1000);
  await setEarlier(service, EXPERIMENT, { tags: { a: "earlier", b: "1" }, setMs: system.now() });
  assertEquals(byKey((await experiment(service, "digits")).tags), { a: "earlier", b: "1" });
  system.advance(1000);
  const ofTag = { experiment_id: ID, key: "b" };
  await service.post("experiments/delete-experiment-tag", ofTag);
  assertEquals(byKey((await experiment(service, "digits")).tags), { a: "earlier" });
  await service.end(await service.begin());
  await pass();
  assertEquals(byKey((await experiment(service, "digits")).tags), { a: "earlier" });
  const { labels } = (await readAnnotations(service.registry, "digits"))!;
  assertEquals(Object.keys(labels).sort(), ["a", "holdfast.created"]);
});

Deno.test("a model that an earlier program made keeps its tags with its first version, and goes", async () => {
  const { service, pass, setMs } = await open();
  await using _ = service;
  await setEarlier(service, MODEL, { tags: TAGS, setMs });
  const run_id = await service.begin("team/a");
  await service.put(`xteam_2fa/${run_id}/artifacts/model/w`, "1234");
  await service.post("model-versions/create", { name: "clf", source: `runs:/${run_id}/model` });
  await pass();
  assertEquals((await model(service)).description, "words");
  await setEarlier(service, ["models:gone", "mlflow-model"], { tags: TAGS, setMs });
  const body = JSON.stringify({ name: "gone" });
  await service.send("DELETE", "2.0/mlflow/registered-models/delete", { body });
  await assertRefused(model(service, "gone"), "RESOURCE_DOES_NOT_EXIST", "gone");
  assertEquals(await models(service), ["clf"]);
});

Deno.test("drafts of an earlier program are read from a store without writes", async () => {
  const { service, backend, system, setMs } = await open();
  await using _ = service;
  await setEarlier(service, EXPERIMENT, { tags: TAGS, setMs });
  const unwritable = wrapBackend(backend, { put: () => Promise.reject(new Error("full")) });
  await using other = await openMlflow({ backend: unwritable, system });
  assertEquals(await experiments(other), ["digits"]);
  const { creation_time, tags } = await experiment(other, "digits");
  assertEquals([creation_time, byKey(tags)], [setMs, TAGS]);
});

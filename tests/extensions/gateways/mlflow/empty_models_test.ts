// Registered models without versions.
import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { wrapBackend } from "../../../../core/work/wrap_backend.ts";
import { readAnnotations } from "../../../../registry/mod.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import {
  assertRefused,
  byKey,
  type Json,
  type OpenMlflow,
  openMlflow,
  tokens,
} from "./open_mlflow.ts";

const MISSING = "RESOURCE_DOES_NOT_EXIST";
const TAGS = [{ key: "team", value: "a" }];

async function send({ send }: OpenMlflow, method: string, path: string, body: Json): Promise<Json> {
  const answer = await send(method, `2.0/mlflow/${path}`, { body: JSON.stringify(body) });
  const given = await answer.json();
  if (answer.status !== 200) throw { status: answer.status, ...given };
  return given;
}

async function model({ get }: OpenMlflow, name = "clf"): Promise<Json> {
  return (await get("registered-models/get", { name })).registered_model;
}

async function found({ get }: OpenMlflow, filter = ""): Promise<string[]> {
  const { registered_models } = await get("registered-models/search", { filter });
  return registered_models.map(({ name }: Json) => name);
}

/** Adds a version to a model. */
async function addVersion(service: OpenMlflow, name = "clf"): Promise<string> {
  const run_id = await service.begin("team/a");
  await service.put(`xteam_2fa/${run_id}/artifacts/model/w`, "1234");
  const source = `runs:/${run_id}/model`;
  const { model_version } = await service.post("model-versions/create", { name, source });
  return model_version.version;
}

Deno.test("a model has its tags and description before and after its first version", async () => {
  const system = createScriptedSystem();
  const backend = createMemoryBackend({ system });
  await using service = await openMlflow({ backend, system });
  await using other = await openMlflow({ backend, system });
  const before = system.now();
  const { registered_model } = await service.post("registered-models/create", {
    name: "clf",
    tags: TAGS,
    description: "a classifier",
  });
  const made = await model(other);
  assertEquals(registered_model, made);
  assertEquals([made.description, made.latest_versions, made.aliases], ["a classifier", [], []]);
  assertEquals(made.tags, TAGS);
  assert(before <= made.creation_timestamp && made.creation_timestamp <= system.now());
  await assertRefused(
    other.post("registered-models/create", { name: "clf" }),
    "RESOURCE_ALREADY_EXISTS",
    "already exists",
  );
  await other.post("registered-models/set-tag", { name: "clf", key: "stage", value: "x" });
  await send(other, "DELETE", "registered-models/delete-tag", { name: "clf", key: "team" });
  await send(other, "PATCH", "registered-models/update", { name: "clf", description: "words" });
  assertEquals(await found(service), ["clf"]);
  assertEquals(await found(service, "tags.stage = 'x'"), ["clf"]);
  assertEquals(await found(service, "tags.team = 'a'"), []);
  const { model_versions } = await service.get("registered-models/get-latest-versions", {
    name: "clf",
  });
  assertEquals(model_versions, []);
  assertEquals(await Array.fromAsync(service.registry.names()), []);

  system.advance(60_000);
  assertEquals(await addVersion(service), "1");
  for (const each of [service, other]) {
    const now = await model(each);
    assertEquals([byKey(now.tags), now.description], [{ stage: "x" }, "words"]);
    assertEquals(now.latest_versions.length, 1);
    assertEquals(now.creation_timestamp, made.creation_timestamp);
  }
  system.advance(60_000);
  await addVersion(other);
  await send(service, "DELETE", "model-versions/delete", { name: "clf", version: "1" });
  assertEquals((await model(service)).creation_timestamp, made.creation_timestamp);
  const { labels, notes } = (await readAnnotations(service.registry, "models:clf"))!;
  const created = new Date(made.creation_timestamp).toISOString();
  assertEquals([labels, notes], [{ stage: "x", "holdfast.created": created }, "words"]);
  await send(other, "DELETE", "registered-models/delete-tag", { name: "clf", key: "stage" });
  assertEquals((await model(service)).tags, []);
});

Deno.test("a model without a version is renamed, deleted and created again", async () => {
  await using service = await openMlflow();
  const { post } = service;
  await post("registered-models/create", { name: "one", tags: TAGS, description: "d" });
  const made = await model(service, "one");
  await post("registered-models/create", { name: "taken" });
  const rename = (name: string, new_name: string) =>
    post("registered-models/rename", { name, new_name });
  await assertRefused(rename("one", "taken"), "RESOURCE_ALREADY_EXISTS", "name=taken");
  const { registered_model } = await rename("one", "two");
  const { last_updated_timestamp: _, ...expected } = { ...made, name: "two" };
  const { last_updated_timestamp: __, ...renamed } = registered_model;
  assertEquals(renamed, expected);
  await assertRefused(model(service, "one"), MISSING, "name=one");
  assertEquals(await found(service), ["taken", "two"]);
  await rename("two", "one"); // a name that was taken before
  assertEquals(byKey((await model(service, "one")).tags), { team: "a" });

  for (const name of ["one", "taken"]) {
    await send(service, "DELETE", "registered-models/delete", { name });
  }
  await assertRefused(
    send(service, "DELETE", "registered-models/delete", { name: "one" }),
    MISSING,
    "one",
  );
  for (const change of ["set-tag", "rename"]) {
    const body = { name: "one", key: "a", value: "b", new_name: "x" };
    await assertRefused(post(`registered-models/${change}`, body), MISSING, "name=one");
  }
  assertEquals(await found(service), []);
  await post("registered-models/create", { name: "one" });
  assertEquals([await found(service), (await model(service, "one")).tags], [["one"], []]);
});

Deno.test("a model that is created again has nothing of the deleted one", async () => {
  await using service = await openMlflow();
  await service.post("registered-models/create", { name: "clf", tags: TAGS, description: "d" });
  await addVersion(service);
  await send(service, "DELETE", "registered-models/delete", { name: "clf" });
  await assertRefused(model(service), MISSING, "name=clf");
  await service.post("registered-models/create", { name: "clf", tags: [{ key: "b", value: "1" }] });
  const made = await model(service);
  assertEquals([byKey(made.tags), made.description, made.latest_versions], [{ b: "1" }, "", []]);
  assertEquals(await addVersion(service), "2");
  assertEquals(byKey((await model(service)).tags), { b: "1" });
});

Deno.test("a kill at any write of the first version loses no tag of a model", async () => {
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
    await using service = await openMlflow({ backend });
    const run_id = await service.begin("team/a");
    await service.put(`xteam_2fa/${run_id}/artifacts/model/w`, "1234");
    await service.post("registered-models/create", { name: "clf", tags: TAGS, description: "d" });
    left = at;
    const source = `runs:/${run_id}/model`;
    await service.post("model-versions/create", { name: "clf", source })
      .then(() => isDone = true, () => {});
    left = Infinity;
    await using next = await openMlflow({ backend: store });
    const expected = [{ team: "a" }, "d"];
    const state = async () => {
      const { tags, description } = await model(next);
      return [byKey(tags), description];
    };
    assertEquals(await state(), expected, `${at}`);
    await next.post("registered-models/set-tag", { name: "clf", key: "b", value: "1" });
    assertEquals(await state(), [{ team: "a", b: "1" }, "d"], `${at}`);
  }
});

Deno.test("a model that has no version for weeks stays, also one whose versions are deleted", async () => {
  const system = createScriptedSystem();
  await using service = await openMlflow({ backend: createMemoryBackend({ system }), system });
  await service.post("registered-models/create", { name: "clf", tags: TAGS });
  const made = await model(service);
  const pass = async () => {
    system.advance(60 * 24 * 3_600_000);
    await collectGarbage(service.registry);
  };
  await pass();
  assertEquals([await model(service), await found(service)], [made, ["clf"]]);
  const version = await addVersion(service);
  await send(service, "DELETE", "model-versions/delete", { name: "clf", version });
  await pass();
  const { tags, latest_versions, creation_timestamp } = await model(service);
  assertEquals([tags, latest_versions], [TAGS, []]);
  assertEquals([creation_timestamp, await found(service)], [made.creation_timestamp, ["clf"]]);
  assertEquals(await addVersion(service), "2");
});

Deno.test("tags of a model that fit into no label are refused", async () => {
  await using service = await openMlflow();
  await service.post("registered-models/create", { name: "clf" });
  const value = "x".repeat(40_000);
  const set = (key: string) =>
    service.post("registered-models/set-tag", { name: "clf", key, value });
  await set("a");
  await assertRefused(set("b"), "INVALID_PARAMETER_VALUE", "bytes as JSON");
  assertEquals(await addVersion(service), "1");
});

Deno.test("tags of a new model need the right of notes, and a new name that of saves", async () => {
  const backend = createMemoryBackend();
  await using admin = await openMlflow({ backend });
  await admin.post("registered-models/create", { name: "clf" });
  const as = (token: string) => openMlflow({ backend, tokens, token });
  await using saver = await as("read:*,save:*,delete:*");
  await assertRefused(
    saver.post("registered-models/create", { name: "x", tags: TAGS }),
    "PERMISSION_DENIED",
    "move",
  );
  await saver.post("registered-models/create", { name: "x" });
  await assertRefused(
    saver.post("registered-models/rename", { name: "x", new_name: "y" }),
    "PERMISSION_DENIED",
    "move",
  );
  await using reader = await as("read:models:x");
  assertEquals(await found(reader), ["x"]);
});

// Tokens that may write names and not read them.
import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { assertRefused, byKey, type Json, openMlflow, tokens } from "./open_mlflow.ts";

const TAGS = [{ key: "team", value: "a" }];

/** Opens a service with two models and two experiments, one of each without a version. */
async function open() {
  const backend = createMemoryBackend();
  const admin = await openMlflow({ backend });
  const run_id = await admin.begin("exp");
  await admin.put(`xexp/${run_id}/artifacts/model/w`, "1234");
  const about = { tags: TAGS, description: "secret words" };
  for (const name of ["clf", "empty"]) {
    await admin.post("registered-models/create", { name, ...about });
  }
  await admin.post("model-versions/create", { name: "clf", source: `runs:/${run_id}/model` });
  await admin.end(run_id);
  await admin.post("experiments/create", { name: "none" });
  for (const experiment_id of ["xexp", "xnone"]) {
    await admin.post("experiments/set-experiment-tag", { experiment_id, ...TAGS[0] });
  }
  return {
    admin,
    as: (token: string) => openMlflow({ backend, tokens, token }),
    /** Returns models and experiments as an admin sees them. */
    async state() {
      const models = await admin.get("registered-models/search");
      const experiments = await admin.post("experiments/search", { max_results: 100 });
      const seen = (each: Json) => [each.name, byKey(each.tags), each.description];
      return [...models.registered_models, ...experiments.experiments].map(seen);
    },
    [Symbol.asyncDispose]: () => admin[Symbol.asyncDispose](),
  };
}

Deno.test("a create without the right to read changes nothing that a name has", async () => {
  await using service = await open();
  const before = await service.state();
  await using writer = await service.as("save:*");
  for (const name of ["clf", "empty", "new"]) {
    const { registered_model } = await writer.post("registered-models/create", { name });
    assertEquals(registered_model, { name });
  }
  for (const name of ["exp", "none"]) {
    assertEquals(await writer.post("experiments/create", { name }), { experiment_id: `x${name}` });
  }
  await service.admin.send("DELETE", "2.0/mlflow/registered-models/delete", {
    body: JSON.stringify({ name: "new" }),
  });
  assertEquals(await service.state(), before);

  await service.admin.post("experiments/delete", { experiment_id: "xexp" });
  await writer.post("experiments/create", { name: "exp" });
  await service.admin.post("experiments/restore", { experiment_id: "xexp" });
  assertEquals(await service.state(), before);

  await using tagger = await service.as("save:*,move:*");
  const tags = [{ key: "more", value: "1" }];
  await tagger.post("registered-models/create", { name: "clf", tags });
  await tagger.post("experiments/create", { name: "exp", tags });
  for (const [name, shown] of await service.state()) {
    if (name === "Default") continue;
    const expected = { team: "a", ...["clf", "exp"].includes(name) && { more: "1" } };
    assertEquals(shown, expected, name);
  }
});

Deno.test("a change without the right to read answers with nothing of a model", async () => {
  await using service = await open();
  await using mover = await service.as("move:*,save:*,delete:*");
  const send = async (method: string, path: string, body: Json) => {
    const answer = await mover.send(method, `2.0/mlflow/${path}`, { body: JSON.stringify(body) });
    return await answer.json();
  };
  const clf = { name: "clf", description: "words" };
  assertEquals(await send("PATCH", "registered-models/update", clf), {
    registered_model: { name: "clf" },
  });
  assertEquals(await send("PATCH", "model-versions/update", { ...clf, version: "1" }), {
    model_version: { name: "clf", version: "1" },
  });
  await assertRefused(
    mover.post("registered-models/rename", { name: "empty", new_name: "other" }),
    "PERMISSION_DENIED",
    "read",
  );
});

Deno.test("tags that begin with holdfast. are reserved", async () => {
  await using service = await open();
  const { post } = service.admin;
  const [key, value] = ["holdfast.created", "soon"];
  for (
    const sent of [
      post("registered-models/create", { name: "x", tags: [{ key, value }] }),
      post("registered-models/set-tag", { name: "empty", key, value }),
      post("model-versions/set-tag", { name: "clf", version: "1", key, value }),
    ]
  ) await assertRefused(sent, "INVALID_PARAMETER_VALUE", "reserved");
});

Deno.test("of many creates of a name at once, in two services, one is done and no other changes anything", async () => {
  await using service = await open();
  await using other = await service.as("admin");
  const { send } = service.admin;
  await send("DELETE", "2.0/mlflow/registered-models/delete", { body: '{"name":"clf"}' });
  for (const [path, name] of [["registered-models", "clf"], ["experiments", "new"]]) {
    const sent = Array.from(
      { length: 5 },
      (_, i) =>
        [service.admin, other][i % 2]!.post(`${path}/create`, {
          name,
          tags: [{ key: `t${i}`, value: "1" }],
        }).then(
          () => `t${i}`,
          ({ error_code }) => error_code,
        ),
    );
    const outcomes = await Promise.all(sent);
    const done = outcomes.filter((each) => each !== "RESOURCE_ALREADY_EXISTS");
    assertEquals(done.length, 1, `${outcomes}`);
    const [, tags] = (await service.state()).find(([each]) => each === name)!;
    assertEquals(tags, { [done[0]]: "1" });
  }
});

Deno.test("tags of a deleted experiment are not changed", async () => {
  await using service = await open();
  const { post } = service.admin;
  const asked = { experiment_id: "xexp", key: "team", value: "b" };
  await post("experiments/delete", asked);
  for (const way of ["set", "delete"]) {
    const sent = post(`experiments/${way}-experiment-tag`, asked);
    await assertRefused(sent, "INVALID_PARAMETER_VALUE", "'active' state");
  }
});

// Registered models and pages of searches.
import { assert, assertEquals } from "@std/assert";
import "../../../../extensions/signatures/signatures.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { openRegistry } from "../../../../mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { assertRefused, type Json, openMlflow, tokens } from "./open_mlflow.ts";

const EXISTS = "RESOURCE_ALREADY_EXISTS";
const MISSING = "RESOURCE_DOES_NOT_EXIST", INVALID = "INVALID_PARAMETER_VALUE";

async function withModel() {
  const backend = createMemoryBackend();
  const service = await openMlflow({ backend });
  const run_id = await service.begin("team/a");
  await service.put(`xteam_2fa/${run_id}/artifacts/model/MLmodel`, "flavors");
  await service.put(`xteam_2fa/${run_id}/artifacts/model/data/weights`, "1234");
  await service.put(`xteam_2fa/${run_id}/artifacts/other`, "other");
  return { backend, service, run_id };
}

Deno.test("a version has the files of a run that goes on, of one that ended, and of a version", async () => {
  const { service, run_id } = await withModel();
  const { post, get, registry } = service;
  const create = async (source: string, more: Json = {}) =>
    (await post("model-versions/create", { name: "clf", source, ...more })).model_version;
  const first = await create(`runs:/${run_id}/model`, {
    run_id,
    description: "one",
    tags: [{ key: "a", value: "b" }],
  });
  assertEquals([first.version, first.run_id, first.description], ["1", run_id, "one"]);
  assertEquals(first.tags, [{ key: "a", value: "b" }]);
  await service.end(run_id);
  await create(`mlflow-artifacts:/xteam_2fa/${run_id}/artifacts/model/`);
  await post("registered-models/alias", { name: "clf", alias: "best", version: "2" });
  assertEquals((await create("models:/clf@best")).version, "3");
  assertEquals((await create("models:/clf/1")).version, "4");
  for (const version of ["1", "2", "3", "4"]) {
    const { files } = await registry.info(`models:clf@${version}.0.0`);
    assertEquals(files.map(({ path }) => path).sort(), ["MLmodel", "data/weights"]);
    const { artifact_uri } = await get("model-versions/get-download-uri", { name: "clf", version });
    const root = artifact_uri.replace("mlflow-artifacts:/", "");
    assertEquals(await service.list(root), ["MLmodel", "data/"]);
    assertEquals(await service.text(`${root}/data/weights`), "1234");
  }
  const { inputs } = await registry.info("models:clf@2.0.0");
  assert(JSON.stringify(inputs).includes("team/a@1.0.0"));
  const { metadata } = await registry.info("team/a");
  assertEquals((metadata.mlflow as Json).status, "FINISHED");
  // Experiments and models are apart.
  const { experiments } = await post("experiments/search", { max_results: 10 });
  assertEquals(experiments.map(({ name }: Json) => name), ["team/a", "Default"]);
  // Versions of other programs are there by their aliases.
  await registry.save("models:clf", { a: 1 }, { version: "4.1.0", alias: "other" });
  const other =
    (await get("registered-models/alias", { name: "clf", alias: "other" })).model_version;
  assertEquals([other.version, other.aliases], ["4.1.0", ["other"]]);
});

Deno.test("an alias does not lead to content that replaced what a rule had checked", async () => {
  const backend = createMemoryBackend(), name = "models:clf";
  const own = await openRegistry(backend, { mutable: true });
  const where = "metadata.auc > 0.9";
  const set = { pattern: name, protectAliases: ["production"], promote: { where } };
  await changeRules(own, { set });
  await own.save(name, 1, { metadata: { auc: 0.99 } });
  await own.setAlias(name, "production", "1", { force: true });
  const { get } = await openMlflow({ backend });
  const byAlias = () => get("registered-models/alias", { name: "clf", alias: "production" });
  assertEquals((await byAlias()).model_version.version, "1");
  await changeRules(own, { remove: name });
  await own.save(name, 2, { version: "1", onConflict: "overwrite", metadata: { auc: 0 } });
  await changeRules(own, { set });
  await assertRefused(byAlias(), INVALID, "alias production not found");
});

Deno.test("requests about models that make no sense are refused", async () => {
  const { service, run_id } = await withModel();
  const { post, get } = service;
  const create = (source: string, name = "clf") => post("model-versions/create", { name, source });
  await create(`runs:/${run_id}/model`);
  const refused = [
    [create("s3://bucket/model"), INVALID, "no such artifacts"],
    [create("/tmp/model"), INVALID, "no such artifacts"],
    [create(`runs:/${run_id}/none`), MISSING, "No artifacts"],
    [create(`runs:/${"0".repeat(32)}__team_2fa/model`), MISSING, "not found"],
    [create("models:/clf/9"), MISSING, "version=9"],
    [create("models:/none@best"), INVALID, "alias best"],
    [create(`runs:/${run_id}/model`, "a@b"), INVALID, "Invalid model name"],
    [create(""), INVALID, "'source'"],
    [
      post("registered-models/rename", { name: "clf", new_name: "x" }),
      INVALID,
      "copy_model_version",
    ],
    [post("registered-models/rename", { name: "none", new_name: "x" }), MISSING, "not found"],
    [post("registered-models/create", { name: "clf" }), EXISTS, "already exists"],
    [get("registered-models/get", {}), INVALID, "'name'"],
    [get("model-versions/get", { name: "clf", version: "x" }), INVALID, "integer"],
    [
      post("registered-models/alias", { name: "clf", alias: "a", version: "8" }),
      MISSING,
      "version=8",
    ],
    [
      post("model-versions/transition-stage", { name: "clf", version: "1", stage: "Production" }),
      INVALID,
      "Set an alias",
    ],
    [
      get("registered-models/get-latest-versions", { name: "clf", stages: "Production" }),
      INVALID,
      "stages",
    ],
    [get("model-versions/search", { filter: "name > 'a'" }), INVALID, "operator"],
    [get("registered-models/search", { filter: "run_id = 'a'" }), INVALID, "run_id"],
    [post("runs/search", { experiment_ids: ["xa"], page_token: "x" }), INVALID, "page token"],
    [post("runs/search", { experiment_ids: ["xa"], run_view_type: "X" }), INVALID, "view"],
    [post("runs/search", { experiment_ids: ["xa"], max_results: 50_001 }), INVALID, "50000"],
    [post("runs/search", { experiment_ids: ["xa"], max_results: 0 }), INVALID, "50000"],
  ] as const;
  for (const [sent] of refused) sent.catch(() => {});
  for (const [sent, code, words] of refused) await assertRefused(sent, code, words);
  await post("registered-models/alias", { name: "clf", alias: "best", version: "1" });
  for (const path of ["registered-models/delete", "model-versions/delete"]) {
    const body = JSON.stringify({ name: "clf", version: "1" });
    const answer = await service.send("DELETE", `2.0/mlflow/${path}`, { body });
    const { error_code, message } = await answer.json();
    assertEquals([answer.status, error_code], [409, "RESOURCE_CONFLICT"]);
    assert(message.endsWith("Point the alias to another version first."), message);
  }
});

Deno.test("pages go on in another service, while runs come and go", async () => {
  const backend = createMemoryBackend();
  const first = await openMlflow({ backend }); // never closed
  const ids: string[] = [];
  for (let n = 0; n < 6; n++) {
    ids.push(await first.begin("a", { run_name: `${n}`, start_time: 1000 + n }));
    if (n % 2 === 0) await first.end(ids[n]!);
  }
  const asked = { experiment_ids: ["xa"], max_results: 2 };
  const names = ({ runs }: Json) => runs.map(({ info }: Json) => info.run_name);
  const one = await first.post("runs/search", asked);
  assertEquals(names(one), ["5", "4"]);
  await first.begin("a", { run_name: "new", start_time: 9000 });
  await using second = await openMlflow({ backend });
  const two = await second.post("runs/search", { ...asked, page_token: one.next_page_token });
  assertEquals(names(two), ["3", "2"]);
  await second.post("runs/delete", { run_id: ids[2] });
  const three = await second.post("runs/search", { ...asked, page_token: two.next_page_token });
  assertEquals(three.next_page_token, undefined);
  assert(names(three).includes("0"));
});

Deno.test("a search has what changed since the one before", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin("a");
  await service.end(run_id);
  const other = await service.begin("a");
  await service.end(other, "FAILED");
  const found = async (filter: string, run_view_type = "ACTIVE_ONLY") => {
    const { runs } = await service.post("runs/search", {
      experiment_ids: ["xa", "xa", "xnone"],
      filter,
      run_view_type,
    });
    return runs.map(({ info }: Json) => info.run_id);
  };
  assertEquals(await found("status = 'FINISHED'"), [run_id]);
  assertEquals(await found("tags.late = 'yes'"), []);
  await service.post("runs/set-tag", { run_id, key: "late", value: "yes" });
  assertEquals(await found("tags.late = 'yes'"), [run_id]);
  await service.post("runs/update", { run_id, status: "RUNNING" });
  assertEquals(await found("status = 'RUNNING' AND tags.late = 'yes'"), [run_id]);
  await service.post("runs/log-metric", { run_id, key: "m", value: 2, timestamp: 1, step: 0 });
  assertEquals(await found("metrics.m = 2"), [run_id]);
  await service.end(run_id);
  assertEquals(await found("metrics.m = 2 AND status = 'FINISHED'"), [run_id]);
  await service.post("runs/delete", { run_id });
  assertEquals(await found(""), [other]);
  assertEquals(await found("", "DELETED_ONLY"), [run_id]);
  await service.post("runs/restore", { run_id });
  assertEquals(await found("metrics.m = 2"), [run_id]);
});

Deno.test("every request about models asks for a right on their name", async () => {
  const { backend, service: admin, run_id } = await withModel();
  const source = `runs:/${run_id}/model`;
  await admin.post("model-versions/create", { name: "clf", source });
  await admin.post("registered-models/alias", { name: "clf", alias: "best", version: "1" });
  await using service = await openMlflow({ backend, tokens });
  const tag = { key: "a", value: "b" }, alias = { alias: "best", version: "1" };
  const asked = [
    ["read", "GET", "registered-models/get?name=clf"],
    ["read", "GET", "registered-models/alias?name=clf&alias=best"],
    ["read", "GET", "registered-models/get-latest-versions?name=clf"],
    ["read", "GET", "model-versions/get?name=clf&version=1"],
    ["read", "GET", "model-versions/get-download-uri?name=clf&version=1"],
    ["read", "GET", "../mlflow-artifacts/artifacts/versions/models_3aclf/1.0.0/MLmodel"],
    ["read", "GET", "../mlflow-artifacts/artifacts?path=versions/models_3aclf/1.0.0"],
    ["save", "POST", "registered-models/create", {}],
    ["delete", "POST", "registered-models/rename", { new_name: "x" }],
    ["save", "POST", "model-versions/create", { source }],
    ["move", "PATCH", "registered-models/update", { description: "d" }],
    ["move", "POST", "registered-models/set-tag", tag],
    ["move", "DELETE", "registered-models/delete-tag", tag],
    ["move", "POST", "registered-models/alias", alias],
    ["move", "DELETE", "registered-models/alias", alias],
    ["move", "PATCH", "model-versions/update", { version: "1", description: "d" }],
    ["move", "POST", "model-versions/set-tag", { version: "1", ...tag }],
    ["move", "DELETE", "model-versions/delete-tag", { version: "1", ...tag }],
    ["delete", "DELETE", "model-versions/delete", { version: "1" }],
    ["delete", "DELETE", "registered-models/delete", {}],
  ] as const;
  const ask = async (token: string, [, method, path, body]: readonly unknown[]) => {
    const answer = await service.send(`${method}`, `2.0/mlflow/${path}`, {
      headers: { authorization: `Bearer ${token}` },
      body: body ? JSON.stringify({ name: "clf", ...body }) : undefined,
    });
    await answer.body?.cancel();
    return answer.status;
  };
  for (const row of asked) {
    const what = row.slice(1, 3).join(" ");
    for (const scope of ["read", "save", "move", "delete"]) {
      assertEquals(await ask(`${scope}:models:cl`, row), 403, what);
      if (scope !== row[0]) assertEquals(await ask(`${scope}:models:clf`, row), 403, what);
    }
  }
  const [, , , , , , , , , create] = asked;
  assertEquals(await ask("save:models:clf,read:models:clf", create!), 403); // not the run
  assertEquals(await ask("save:models:clf,read:*", create!), 200);
  for (const kind of ["registered-models", "model-versions"]) {
    const found = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await service.send("GET", `2.0/mlflow/${kind}/search`, { headers });
      return (await answer.json())[kind.replace("-", "_")].length;
    };
    assertEquals(await found("read:team/*"), 0);
    assertEquals(await found("read:models:*"), kind === "model-versions" ? 2 : 1);
  }
});

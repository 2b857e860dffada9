// Artifacts of runs and logged models: sent, listed, read, replaced.
import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { Backend } from "../../../../backends/mod.ts";
import { assertRefused, byKey, failureOf, type Json, openMlflow } from "./open_mlflow.ts";

const MISSING = "RESOURCE_DOES_NOT_EXIST", INVALID = "INVALID_PARAMETER_VALUE";

Deno.test("artifacts are those of the run, whichever service has them and when", async () => {
  const backend = createMemoryBackend();
  const first = await openMlflow({ backend }); // never closed
  const run_id = await first.begin("team/a");
  const root = `xteam_2fa/${run_id}/artifacts`;
  await first.put(`${root}/deep/a b.txt`, "old");
  await first.put(`${root}/deep/a b.txt`, "0123456789");
  await first.put(`${root}/empty`, "");
  await using second = await openMlflow({ backend });
  const check = async (others: string[] = []) => {
    assertEquals(await second.list(root), ["deep/", "empty", ...others]);
    assertEquals(await second.list(`${root}/deep`), ["a b.txt"]);
    assertEquals(await second.list(`${root}/deep/a b.txt`), []);
    assertEquals(await second.text(`${root}/deep/a b.txt`), "0123456789");
    assertEquals(await second.text(`${root}/deep/a b.txt`, { range: "bytes=2-4" }), "234");
    assertEquals(await second.text(`${root}/empty`), "");
    const { files, root_uri } = await second.get("artifacts/list", { run_id, path: "deep" });
    assertEquals(root_uri, `mlflow-artifacts:/${root}`);
    assertEquals(files, [{ path: "deep/a b.txt", is_dir: false, file_size: 10 }]);
    await assertRefused(second.text(`${root}/deep`), MISSING, "'deep'");
    await assertRefused(second.text(`${root}/history.jsonl`), MISSING, "history");
  };
  await second.post("runs/log-metric", { run_id, key: "m", value: 1, timestamp: 1, step: 0 });
  await check();
  await second.end(run_id);
  await check();
  assertEquals((await second.registry.info("team/a")).files.length, 3);
  await second.put(`${root}/later`, "more"); // a version more
  await check(["later"]);
  await second.post("runs/update", { run_id, status: "RUNNING" });
  await check(["later"]);
  await second.put(`${root}/later`, "most");
  assertEquals(await second.text(`${root}/later`), "most");
  await second.end(run_id);
  assertEquals(await first.text(`${root}/later`), "most");
  await check(["later"]);
});

Deno.test("an artifact that is answered while another service ends its run is not lost", async () => {
  const stored = createMemoryBackend();
  await using second = await openMlflow({ backend: stored });
  let beforeEnd: (() => Promise<unknown>) | undefined;
  const backend = new Proxy(stored, {
    get: (target, name) =>
      name !== "put" ? Reflect.get(target, name) : async (...args: Parameters<Backend["put"]>) => {
        const isEnd = args[0].endsWith(".ending");
        if (isEnd) await beforeEnd?.();
        return await target.put(...args);
      },
  });
  await using first = await openMlflow({ backend });
  const run_id = await first.begin("a");
  const root = `xa/${run_id}/artifacts`;
  await first.put(`${root}/early`, "1");
  await first.put(`${root}/changed`, "1");
  beforeEnd = async () => {
    beforeEnd = undefined;
    await second.put(`${root}/changed`, "2");
    await second.put(`${root}/late`, "2");
  };
  assertEquals((await first.end(run_id)).status, "FINISHED");
  assertEquals(await second.list(root), ["changed", "early", "late"]);
  const texts = ["changed", "early", "late"].map((name) => second.text(`${root}/${name}`));
  assertEquals(await Promise.all(texts), ["2", "1", "2"]);
});

Deno.test("a file in the place of a folder, or the reverse, is the newer one", async () => {
  await using service = await openMlflow();
  const cases: [sent: string[], kept: string[]][] = [
    [["d", "d/e"], ["d/"]],
    [["d/e/f", "d/e/g", "d"], ["d"]],
    [["history.jsonl/x"], ["history.jsonl/"]],
  ];
  for (const [sent, kept] of cases) {
    const run_id = await service.begin("a");
    await service.post("runs/log-metric", { run_id, key: "m", value: 1, timestamp: 1, step: 0 });
    const root = `xa/${run_id}/artifacts`;
    for (const path of sent) await service.put(`${root}/${path}`, path);
    assertEquals(await service.list(root), kept);
    assertEquals((await service.end(run_id)).status, "FINISHED");
    assertEquals(await service.list(root), kept);
    assertEquals(await service.values(run_id, "m"), [[0, 1]]);
    assertEquals(await service.text(`${root}/${sent.at(-1)}`), sent.at(-1));
    if (kept[0] !== "d") continue;
    await service.post("runs/update", { run_id, status: "RUNNING" });
    await service.put(`${root}/d/again`, "1");
    assertEquals(await service.list(root), ["d/"]);
    await service.end(run_id);
    assertEquals(await service.list(root), ["d/"]);
  }
  const run_id = await service.begin("a");
  await service.put(`xa/${run_id}/artifacts/history.jsonl/x`, "1");
  await service.end(run_id);
  await service.post("runs/log-metric", { run_id, key: "m", value: 1, timestamp: 1, step: 0 });
  assertEquals(await service.values(run_id, "m"), [[0, 1]]);
});

Deno.test("a service that is killed when it saves a run leaves the run", async () => {
  const stored = createMemoryBackend();
  for (const [index, last] of ["/.ending", "/.end", "/.version.json"].entries()) {
    let isKilled = false, isSaving = false;
    const backend = new Proxy(stored, {
      get: (target, name) =>
        name !== "put"
          ? Reflect.get(target, name)
          : async (...args: Parameters<Backend["put"]>) => {
            if (isKilled) throw new Error("killed");
            const written = await target.put(...args);
            isKilled = isSaving && args[0].endsWith(last);
            return written;
          },
    });
    const first = await openMlflow({ backend }); // never closed
    const run_id = await first.begin("a");
    await first.put(`xa/${run_id}/artifacts/x`, "1");
    await first.post("runs/log-metric", { run_id, key: "m", value: index, timestamp: 1, step: 0 });
    isSaving = true;
    await first.end(run_id).catch(() => {});
    await using second = await openMlflow({ backend: stored });
    const check = async () => {
      assertEquals(byKey((await second.run(run_id)).data.metrics), { m: index }, last);
      assertEquals(await second.text(`xa/${run_id}/artifacts/x`), "1");
      assertEquals(await second.values(run_id, "m"), [[0, index]]);
    };
    await check();
    assertEquals((await second.end(run_id)).status, "FINISHED");
    await check();
  }
});

Deno.test("an artifact that was replaced is not taken for the earlier one", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin("a");
  const path = `xa/${run_id}/artifacts/x`;
  await service.put(path, "old");
  const ask = (headers: Record<string, string>) =>
    service.send("GET", `2.0/mlflow-artifacts/artifacts/${path}`, { headers });
  const epoch = new Date(0).toUTCString();
  const ranged = await ask({ range: "bytes=0-0", "if-range": epoch });
  assertEquals([ranged.status, await ranged.text()], [200, "old"]);
  const since = await ask({ "if-modified-since": epoch });
  assertEquals([since.status, await since.text()], [200, "old"]);
});

Deno.test("escapes in a path are decoded, since clients ask for what they list that way", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin("a"), folder = `xa/${run_id}/artifacts/images`;
  // `log_image` of MLflow before 3.11 names an image of step 20 so.
  await service.put(`${folder}/dog%25step%2520%25time%251796%25c3%25A9.png`, "dog");
  assertEquals(await service.list(folder), ["dog%step %time%1796é.png"]);
  assertEquals(await service.text(`${folder}/dog%25step%20%25time%251796é.png`), "dog");
});

Deno.test("a file and a folder are found by the name with which they were sent", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin("a"), folder = `xa/${run_id}/artifacts`;
  await service.put(`${folder}/p%25q/100%2525.txt`, "1");
  assertEquals(await service.list(`${folder}/p%q`), ["100%.txt"]);
  assertEquals(await service.text(`${folder}/p%25q/100%2525.txt`), "1");
  assertEquals(await service.list(`${folder}/p%25q`), ["100%.txt"]);
  assertEquals(await service.list(`${folder}/none`), []);
});

Deno.test("requests about artifacts that make no sense are refused", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin("a"), other = await service.begin("b");
  const { put, text, list, send } = service;
  await put(`xa/${run_id}/artifacts/x`, "1");
  for (
    const [sent, code, words] of [
      [put(`xa/${run_id}/artifacts/.mlflow/run.json`, "1"), INVALID, "reserved"],
      [put(`xa/${run_id}/artifacts/a//b`, "1"), INVALID, "path"],
      [put(`xa/${run_id}/artifacts/`, "1"), INVALID, "path"],
      [put(`xa/${run_id}/artifacts/a%23b`, "1"), INVALID, "Invalid path"],
      [put(`xa/${run_id}/artifacts/d/`, "1"), INVALID, "path"],
      [put(`xa/${run_id}/artifacts/a%252523b`, "1"), INVALID, "Invalid path"],
      [put(`xa/${run_id}/artifacts/C%3A/b`, "1"), INVALID, "Invalid path"],
      [put(`xa/${run_id}/other/x`, "1"), MISSING, "No artifacts"],
      [put(`xa/${other}/artifacts/x`, "1"), MISSING, "No artifacts"],
      [put(`versions/a/1.0.0/x`, "1"), INVALID, "never change"],
      [put(`xa/${"0".repeat(32)}__a/artifacts/x`, "1"), MISSING, "not found"],
      [text(`xa/${other}/artifacts/x`), MISSING, "No artifacts"],
      [text(`xa/${run_id}/artifacts/y`), MISSING, "'y'"],
      [text(`versions/a/1.0.0/x`), MISSING, "1.0.0"],
      [list(""), MISSING, "No artifacts"],
    ] as const
  ) {
    await assertRefused(sent, code, words);
  }
  const path = `xa/${run_id}/artifacts/x`;
  const gone = await send("DELETE", `2.0/mlflow-artifacts/artifacts/${path}`);
  assertEquals([gone.status, (await gone.json()).error_code], [404, "ENDPOINT_NOT_FOUND"]);
  const parts = await send("POST", `2.0/mlflow-artifacts/mpu/create/${path}`, { body: "{}" });
  assertEquals(parts.status, 400);
  const { message } = await parts.json(); // by which clients know it
  assert(message.startsWith("Multipart upload is not supported for the current artifact repo"));
});

Deno.test("an artifact is as large as an upload may be, and no larger", async () => {
  await using service = await openMlflow({ limits: { maxUploadBytes: 3_000_000 } });
  const run_id = await service.begin("a");
  const large = "x".repeat(2_500_000); // more than bodies of JSON may have
  await service.put(`xa/${run_id}/artifacts/large`, large);
  assertEquals(await service.text(`xa/${run_id}/artifacts/large`), large);
  const { status } = await failureOf(service.put(`xa/${run_id}/artifacts/huge`, large + large));
  assertEquals(status, 413);
  assertEquals(await service.list(`xa/${run_id}/artifacts`), ["large"]);
});

Deno.test("a logged model is a version once it is ready, and has tags and parameters", async () => {
  await using service = await openMlflow();
  const { post, get, registry } = service;
  const run_id = await service.begin("a");
  const asked = {
    experiment_id: "xa",
    name: "net",
    model_type: "torch",
    source_run_id: run_id,
    params: [{ key: "p", value: "1" }],
    tags: [{ key: "t", value: "2" }],
  };
  const { model: { info } } = await post("logged-models", asked);
  assertEquals([info.status, info.name, info.model_type], ["LOGGED_MODEL_PENDING", "net", "torch"]);
  const root = info.artifact_uri.replace("mlflow-artifacts:/", "");
  await service.put(`${root}/MLmodel`, "flavors: {}");
  const patch = async (path: string, body: Json): Promise<Json> => {
    const sent = { body: JSON.stringify(body) };
    const answer = await service.send("PATCH", `2.0/mlflow/logged-models/${path}`, sent);
    if (answer.status !== 200) throw { status: answer.status, ...await answer.json() };
    return await answer.json();
  };
  const { model } = await patch(info.model_id, { status: "LOGGED_MODEL_READY" });
  assertEquals([model.info.status, model.info.source_run_id], ["LOGGED_MODEL_READY", run_id]);
  await patch(`${info.model_id}/tags`, { tags: [{ key: "u", value: "3" }] });
  await post(`logged-models/${info.model_id}/params`, { params: [{ key: "q", value: "4" }] });
  const found = (await get(`logged-models/${info.model_id}`)).model;
  assertEquals(byKey(found.info.tags), { t: "2", u: "3" });
  assertEquals(byKey(found.data.params), { p: "1", q: "4" });
  assertEquals(await service.text(`${root}/MLmodel`), "flavors: {}");
  assertEquals((await registry.info("a")).files.map(({ path }) => path), ["MLmodel"]);

  await post("runs/outputs", { run_id, models: [{ model_id: info.model_id, step: 2 }] });
  const dataset = { name: "iris", digest: "1f", source_type: "code", source: "{}", profile: "{}" };
  const tags = [{ key: "mlflow.data.context", value: "training" }];
  await post("runs/log-inputs", { run_id, datasets: [{ dataset, tags }] });
  for (let ended = 0; ended < 2; ended++, await service.end(run_id)) {
    const { outputs, inputs, data } = await service.run(run_id);
    assertEquals(outputs.model_outputs, [{ model_id: info.model_id, step: 2 }]);
    assertEquals(inputs.dataset_inputs, [{ tags, dataset }]);
    assertEquals(data.tags.map(({ key }: Json) => key), ["mlflow.runName"]);
  }

  const search = async (filter: string) =>
    (await post("logged-models/search", { experiment_ids: ["xa"], filter })).models.map(
      ({ info }: Json) => info.name,
    );
  assertEquals(await search("name = 'net' AND params.q = '4'"), ["net"]);
  assertEquals(await search("status = 'READY' AND tags.t LIKE '2%'"), ["net"]);
  assertEquals(await search("name != 'net'"), []);
  assertEquals(await search("metrics.auc > 1"), []);
  for (const status of ["PENDING", "constructor", 99]) {
    await assertRefused(patch(info.model_id, { status }), INVALID, "'status'");
  }
  await assertRefused(get(`logged-models/${run_id}`), MISSING, "Logged model");
  const deleted = await service.send("DELETE", `2.0/mlflow/logged-models/${info.model_id}`);
  assertEquals(deleted.status, 200);
  assertEquals(await search(""), []);
  await assertRefused(get(`logged-models/${info.model_id}`), MISSING, info.model_id);
  const kept = await get(`logged-models/${info.model_id}`, { allow_deleted: "true" });
  assertEquals(kept.model.info.name, "net");
});

Deno.test("models of MLflow 2 are noted at once, and none is lost", async () => {
  await using service = await openMlflow();
  const { post } = service;
  const run_id = await service.begin("a");
  const log = (at: number) =>
    post("runs/log-model", { run_id, model_json: JSON.stringify({ artifact_path: `m${at}` }) });
  const count = 8;
  await Promise.all(Array.from({ length: count }, (_, at) => log(at)));
  const key = "mlflow.log-model.history";
  const history = byKey((await service.run(run_id)).data.tags)[key];
  assertEquals(JSON.parse(`${history}`).length, count);
  for (const value of ["x", "{}"]) {
    await post("runs/set-tag", { run_id, key, value });
    await assertRefused(log(1), INVALID, key);
  }
});

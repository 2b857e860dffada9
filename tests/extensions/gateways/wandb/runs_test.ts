// Requests that W&B's clients send again, or after something was killed.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { Backend } from "../../../../core/backend.ts";
import { idOf } from "../../../../extensions/gateways/wandb/names.ts";
import { discardRun, openRun, readLoggedRuns } from "../../../../extensions/runs/mod.ts";
import { realSystem } from "../../../../core/system.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { END, open } from "./open_wandb.ts";

Deno.test("lines that are sent again are stored once, also by another service", async () => {
  const backend = createMemoryBackend();
  {
    await using first = await open(backend);
    await first.begin();
    await first.lines(0, [0, 1, 2]);
    await first.lines(0, [0, 1, 2]);
  }
  await using second = await open(backend);
  await second.lines(1, [1, 2, 3]);
  await second.lines(4, [4]);
  assertEquals((await second.known()).historyLineCount, 5);
  await second.lines(3, [3, 4, 5], END);
  assertEquals(await second.losses(), [0, 1, 2, 3, 4, 5]);
});

Deno.test("a folder of a killed run that is sent again adds only its new lines", async () => {
  await using service = await open();
  await service.begin();
  await service.lines(0, [0, 1, 2]);
  // Newer clients send all lines after those that are stored; keys have no order.
  const line = (loss: number) =>
    JSON.stringify({ loss, _runtime: loss, _timestamp: 1e9 + loss, _step: loss });
  const send = (offset: number, losses: readonly number[], more: object = {}) => {
    const content = losses.map(line);
    return service.stream({ files: { "wandb-history.jsonl": { offset, content } }, ...more });
  };
  const { historyLineCount: stored } = await service.known();
  await send(stored, [0, 1]);
  await send(stored + 2, [2, 3]);
  await send(stored + 2, [2, 3]);
  await send(stored + 4, [4, 5]);
  await send(0, [0, 1, 2, 3, 4, 5], END);
  assertEquals(await service.losses(), [0, 1, 2, 3, 4, 5]);
});

Deno.test("lines of a run whose list takes long cost no list of all parts", async () => {
  let ms = 0, lists = 0;
  const backend = withHooks(createMemoryBackend(), {
    before({ verb, key }) {
      if (verb !== "list" || !/^drafts\/digits\/[^/]+\/$/.test(key)) return;
      lists++;
      ms += 1000;
    },
  });
  await using service = await open(backend, { system: { ...realSystem, monotonic: () => ms } });
  await service.begin();
  await service.lines(0, [0]); // says when the run began
  await service.lines(1, [1]);
  lists = 0;
  for (let at = 2; at < 20; at++) await service.lines(at, [at]);
  await service.lines(19, [19, 20]);
  assertEquals(lists, 0);
  ms += 60_000; // others may have changed it
  await service.lines(21, [21]);
  assert(lists > 0);
  await service.lines(22, [22], END);
  assertEquals(await service.losses(), Array.from({ length: 23 }, (_, at) => at));
});

Deno.test("an end that is sent again is the same version", async () => {
  await using service = await open();
  await service.begin();
  await service.lines(0, [0], END);
  assertEquals(await service.lines(0, [0], END), 200);
  const versions = await Array.fromAsync(service.registry.versions("digits"));
  assertEquals(versions.length, 1);
});

Deno.test("a program that uses an id again without resume adds its lines", async () => {
  await using service = await open();
  await service.begin();
  await service.lines(0, [0, 1]);
  await service.begin();
  await service.lines(0, [10, 11]);
  await service.lines(2, [12], END);
  assertEquals(await service.losses(), [0, 1, 10, 11, 12]);
});

Deno.test("lines of a program whose run another one has ended are in its next version", async () => {
  await using service = await open();
  await service.begin();
  await service.lines(0, [0, 1], END);
  await service.lines(0, [10, 11]);
  await service.lines(2, [12], END);
  await service.lines(2, [12], END);
  assertEquals(await service.losses(), [0, 1, 10, 11, 12]);
  assertEquals((await service.registry.info("digits")).version, "2.0.0");
});

Deno.test("the end of a run that was never said leaves its lines, summary and console", async () => {
  await using service = await open(undefined, {
    system: { ...realSystem, now: () => 1_800_000_000_000 },
  });
  await service.begin({ config: JSON.stringify({ lr: { value: 0.1 } }) });
  await service.lines(0, [0, 1]);
  const summary = JSON.stringify({ loss: 7, _step: 1 });
  await service.stream({
    files: {
      "wandb-summary.json": { offset: 0, content: [summary] },
      "output.log": { offset: 0, content: ["one", "tw"] },
    },
  });
  await service.stream({ files: { "output.log": { offset: 1, content: ["two"] } } });
  const known = await service.known();
  assertEquals([known.historyLineCount, known.logLineCount, known.summaryMetrics], [2, 2, summary]);
  assertEquals(JSON.parse(known.config), { lr: { value: 0.1 } });
  await service.stream(END);
  const { metadata } = await service.registry.info("digits");
  assertEquals((metadata.metrics as { loss: number }).loss, 7);
  const artifact = await service.registry.open("digits");
  const console = new TextDecoder().decode(await artifact.file("output.log").bytes());
  assertEquals(console, "one\ntwo\n");
});

Deno.test("a run that says nothing for minutes has crashed, until it goes on", async () => {
  let ms = realSystem.now();
  const system = { ...realSystem, now: () => ms };
  await using service = await open(createMemoryBackend({ system }), { system });
  const states = async () => {
    const { runs } = (await service.ask("Runs", { project: "digits" })).data.project;
    return [
      (await service.known()).state,
      ...runs.edges.map((edge: { node: { state: string } }) => edge.node.state),
    ];
  };
  await service.begin();
  await service.lines(0, [0]);
  const other = await openRun(service.registry, "other", { id: "own" }); // of another client
  ms += 4 * 60_000;
  await service.stream({}); // a client that has nothing to say
  ms += 4 * 60_000;
  assertEquals(await states(), ["running", "running"]);
  ms += 4 * 60_000;
  assertEquals(await states(), ["crashed", "crashed"]);
  const { runs } = (await service.ask("Runs", { project: "other" })).data.project;
  assertEquals(runs.edges[0].node.state, "running");
  await other.finish({ weights: [1, 2] });
  const edited = await service.ask("UpsertBucket", { id: runs.edges[0].node.id, notes: "n" });
  assertMatch(edited.errors[0].message, /logged by another client/);
  assertEquals(await service.registry.load("other"), { weights: [1, 2] });
  await service.lines(1, [1]);
  assertEquals(await states(), ["running", "running"]);
});

Deno.test("an edit of a run that has ended is its next version", async () => {
  await using service = await open();
  await service.begin({ tags: ["x"], config: JSON.stringify({ lr: { value: 0.1 } }) });
  await service.lines(0, [3, 2], END);
  const { id } = await service.known();
  await service.ask("UpsertBucket", { id, display_name: "renamed", tags: [], groupName: null });
  await service.ask("UpsertBucket", { id, summaryMetrics: JSON.stringify({ loss: 2, acc: 0.5 }) });
  await service.ask("UpsertBucket", { id, summaryMetrics: JSON.stringify({ acc: 0.5, loss: 2 }) });
  const known = await service.known();
  assertEquals([known.state, known.displayName, known.tags], ["finished", "renamed", []]);
  const { version, metadata } = await service.registry.info("digits");
  assertEquals([version, metadata.params], ["3.0.0", { lr: "0.1" }]);
  assertEquals(metadata.metrics, { loss: 2, acc: 0.5, "loss.min": 2 });
  assertEquals(await service.losses(), [3, 2]);
  const absent = await service.ask("UpsertBucket", { id: btoa('["Run","digits","no"] ') });
  assertEquals(absent.errors.length, 1);
});

Deno.test("a file of a run that has ended is in its next version", async () => {
  await using service = await open();
  const { data } = await service.begin();
  await service.lines(0, [0, 1], END);
  const id = data.upsertBucket.bucket.id.replaceAll("+", "-").replaceAll("/", "_");
  const at = `/wandb/runs/${id}/files/late%20file.txt`;
  assertEquals((await service.send(at, "late", { method: "PUT" })).status, 200);
  const artifact = await service.registry.open("digits");
  assertEquals(artifact.info.version, "2.0.0");
  assertEquals(new TextDecoder().decode(await artifact.file("late file.txt").bytes()), "late");
  assertEquals(await service.losses(), [0, 1]);
});

Deno.test("files of a run that goes on are listed and read", async () => {
  let ms = realSystem.now();
  const system = { ...realSystem, now: () => ms++ }; // the later file of two counts
  await using service = await open(createMemoryBackend({ system }), { system });
  const { data } = await service.begin();
  const id = data.upsertBucket.bucket.id.replaceAll("+", "-").replaceAll("/", "_");
  for (const text of ["early", "late"]) {
    await service.send(`/wandb/runs/${id}/files/a.txt`, text, { method: "PUT" });
  }
  const asked = { project: "digits", name: "abc", fileNames: ["a.txt"] };
  const { edges: [{ node }] } = (await service.ask("RunFiles", asked)).data.project.run.files;
  assertEquals([node.name, node.sizeBytes], ["a.txt", 4]);
  const answer = await service.handler(new Request(node.url));
  assertEquals([answer.status, await answer.text()], [200, "late"]);
});

Deno.test("system metrics are a file, which goes on in a resumed run, and no metrics", async () => {
  await using service = await open();
  const events = async (offset: number, values: readonly number[], more: object = {}) => {
    const content = values.map((cpu) => JSON.stringify({ "system.cpu": cpu }));
    await service.stream({ files: { "wandb-events.jsonl": { offset, content } }, ...more });
  };
  await service.begin();
  await service.lines(0, [0]);
  await events(0, [1, 2]);
  await events(1, [2, 3], END);
  assertEquals((await service.known()).eventsLineCount, 3);
  await service.begin();
  assertEquals((await service.known()).eventsLineCount, 3);
  await events(3, [4], END);
  const artifact = await service.registry.open("digits");
  assertEquals(Object.keys(artifact.info.metadata.metrics as object), ["loss"]);
  const text = new TextDecoder().decode(await artifact.file("wandb-events.jsonl").bytes());
  const lines = text.trim().split("\n").map((line) => JSON.parse(line)["system.cpu"]);
  assertEquals(lines, [1, 2, 3, 4]);
});

Deno.test("a request with lines lists the draft of its run once, beside the parts that it adds", async () => {
  const backend = createMemoryBackend(), lists: string[] = [];
  const list: Backend["list"] = (prefix, options) => {
    lists.push(prefix);
    return backend.list(prefix, options);
  };
  await using service = await open({ ...backend, list });
  await service.begin();
  await service.lines(0, [0]);
  lists.length = 0;
  await service.stream({});
  assertEquals(lists.length, 1, lists.join(" "));
});

Deno.test("a run that is discarded stops, and its id is gone", async () => {
  await using service = await open();
  await service.begin();
  await service.lines(0, [0]);
  const asked = { projectName: "digits", runId: "abc" };
  const stopped = async () =>
    (await service.ask("RunStoppedStatus", asked)).data.project.run.stopped;
  assertEquals(await stopped(), false);
  await discardRun(service.registry, "digits", { id: "abc" });
  assertEquals(await stopped(), true);
  assertEquals(await service.lines(1, [1], END), 200);
  const { status, errors } = await service.begin();
  assertEquals(status, 200);
  assert(errors[0].message.includes("was previously created and deleted"), errors[0].message);
});

Deno.test("tokens change only the names that they may, and runs of their own", async () => {
  await using service = await open();
  const mine = "save:digits", other = "save:dig*,read:none";
  assertEquals((await service.begin({}, mine)).data.upsertBucket.inserted, true);
  assertEquals(await service.stream({}, mine), 200);
  assertEquals(await service.stream({}, other), 403);
  assertEquals(await service.stream({}, "save:else"), 403);
  assertEquals((await service.begin({}, "read:*")).status, 403);
  const { status, errors } = await service.ask("Viewer", {}, "nobody");
  assertEquals([status, /WANDB_API_KEY/.test(errors[0].message)], [401, true]);
});

Deno.test("an operation that is not there is an error with words, and once in the log", async () => {
  await using service = await open();
  const absent = { UpsertSweep: "sweeps", FetchOrgInfoFromEntity: "the registry of W&B" };
  for (const [name, what] of [...Object.entries(absent), ...Object.entries(absent)]) {
    const { status, data, errors } = await service.ask(name, {});
    assertEquals([status, data, errors.length], [200, null, 1]);
    assert(errors[0].message.includes(what), errors[0].message);
  }
  assertEquals(service.logged.length, 2);
  const { errors } = await service.begin({ name: "a/b" });
  assert(errors[0].message.includes("Invalid run id"), errors[0].message);
  assertEquals(await Array.fromAsync(readLoggedRuns(service.registry)), []);
});

Deno.test("a file of an artifact that was damaged on its way is refused", async () => {
  await using service = await open();
  const input = {
    projectName: "digits",
    artifactCollectionName: "model",
    artifactTypeName: "model",
    digest: "d",
    clientID: "c",
  };
  const { data } = await service.ask("CreateArtifact", { input });
  const id = data.createArtifact.artifact.id.replaceAll("+", "-").replaceAll("/", "_");
  const md5 = createHash("md5").update("whole").digest("hex");
  const at = `/wandb/artifacts/${id}/files/${md5}/file.txt`;
  const put = async (body: string) => {
    const answer = await service.send(at, body, { method: "PUT" });
    return [answer.status, (await answer.text()).includes("MD5")];
  };
  assertEquals(await put("part"), [400, true]);
  assertEquals(await put("whole"), [200, false]);
});

Deno.test("addresses that clients print lead to the explorer", async () => {
  const { registry, handler } = await open();
  const leadsTo = async (path: string) => {
    const answer = await handler(new Request(`http://localhost${path}`));
    return [answer.status, answer.headers.get("location")];
  };
  assertEquals(await leadsTo("/team/digits/runs/abc"), [
    302,
    "http://localhost/explore/#/logged/team%3Adigits/abc",
  ]);
  assertEquals(await leadsTo("/default/digits"), [
    302,
    "http://localhost/explore/#/artifacts/digits",
  ]);
  assertEquals(await leadsTo("/team/digits/artifacts/model/net/v1"), [
    302,
    "http://localhost/explore/#/artifacts/team%3Adigits%2Fnet/2.0.0",
  ]);
  await registry.close();
});

Deno.test("a long text takes no image of its line with it", async () => {
  await using service = await open();
  await service.begin();
  const image = { _type: "image-file", path: "media/images/a.png" };
  const content = [JSON.stringify({ _step: 0, text: "x".repeat(300 * 1024), image })];
  await service.stream({ files: { "wandb-history.jsonl": { offset: 0, content } }, ...END });
  const artifact = await service.registry.open("digits");
  const [line] = new TextDecoder().decode(await artifact.file("history.jsonl").bytes()).split("\n");
  assertEquals(JSON.parse(line!)._wandb, [["image", image]]);
});

Deno.test("a line of the console far behind the others is the next one", async () => {
  await using service = await open();
  await service.begin();
  const log = (offset: number, text: string) => ({ "output.log": { offset, content: [text] } });
  await service.stream({ files: log(0, "first") });
  await service.stream({ files: log(900_000_000, "last"), ...END });
  const artifact = await service.registry.open("digits");
  const text = new TextDecoder().decode(await artifact.file("output.log").bytes());
  assertEquals(text, "first\nlast\n");
  assertEquals(await service.stream({ files: log(2 ** 52, "too far") }), 400);
});

Deno.test("files in .wandb are those of the service", async () => {
  await using service = await open();
  await service.begin();
  const { data } = await service.ask("CreateRunFiles", {
    project: "digits",
    run: "abc",
    files: [".wandb/config.json"],
  });
  const [{ uploadUrl }] = data.createRunFiles.files;
  const { pathname } = new URL(uploadUrl);
  const answer = await service.send(pathname, "{}", { method: "PUT" });
  assertEquals([answer.status, (await answer.text()).includes("of the service")], [400, true]);
});

Deno.test("paths that cannot be saved are refused before a file of an artifact is sent", async () => {
  await using service = await open();
  const artifactID = idOf("Artifact", "digits/a", "#1");
  for (const name of ["a\\b", "../a", ".wandb/manifest.json"]) {
    const artifactFiles = [{ artifactID, name, md5: "1B2M2Y8AsgTpgAmY7PhCfg==" }];
    const { errors } = await service.ask("CreateArtifactFiles", { artifactFiles });
    assertMatch(errors[0].message, /Invalid path/);
  }
});

Deno.test("a commit that is sent again after a kill gives the aliases that are left", async () => {
  const backend = createMemoryBackend();
  let fails = false;
  const put: Backend["put"] = (key, body, options) => {
    if (fails && key.includes("/aliases/")) throw new Error("killed");
    return backend.put(key, body, options);
  };
  await using service = await open({ ...backend, put });
  const by = "read:*,save:*,move:*";
  const artifact = {
    projectName: "digits",
    artifactCollectionName: "model",
    artifactTypeName: "model",
    aliases: [{ alias: "best" }],
  };
  const send = async (digest: string) => {
    const input = { ...artifact, digest, clientID: digest };
    const { data } = await service.ask("CreateArtifact", { input }, by);
    const { id } = data.createArtifact.artifact;
    const at = `/wandb/artifacts/${id.replaceAll("+", "-").replaceAll("/", "_")}/manifest`;
    await service.send(at, JSON.stringify({ contents: {} }), { method: "PUT", by });
    return async () => (await service.ask("CommitArtifact", { artifactID: id }, by)).status;
  };
  assertEquals(await (await send("one"))(), 200);
  const commit = await send("two");
  fails = true;
  assert(await commit() >= 500);
  fails = false;
  assertEquals(await commit(), 200);
  assertEquals((await service.registry.info("digits/model@best")).version, "2.0.0");
});

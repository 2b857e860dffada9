// Requests that W&B's clients send again, or after something was killed.
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { createHandler, type HandlerOptions } from "../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { Backend } from "../../../../core/backend.ts";
import { createWandbGateways } from "../../../../extensions/gateways/wandb/wandb_gateway.ts";
import { discardRun, readLoggedRuns } from "../../../../extensions/runs/mod.ts";
import { openRegistry } from "../../../../mod.ts";

/** The tokens are the lists of their scopes. */
const tokens: NonNullable<HandlerOptions["tokens"]> = {
  find: (authorization) => {
    const [, scopes] = /^Bearer (\w+:.+)$/.exec(authorization ?? "") ?? [];
    return Promise.resolve(
      scopes === undefined ? undefined : createAccess(scopes, scopes.split(",").map(parseScope), {
        author: { name: "a", token: scopes },
      }),
    );
  },
};

const ALL = "read:*,save:*";

async function open(backend: Backend = createMemoryBackend()) {
  const registry = await openRegistry(backend);
  const logged: string[] = [];
  const note = (...words: unknown[]) => void logged.push(words.join(" "));
  const handler = createHandler(registry, {
    gateways: createWandbGateways(),
    tokens,
    logger: { debug() {}, info() {}, warn: note, error: note },
  });
  const send = (path: string, body: string, { method = "POST", by = ALL } = {}) => {
    const headers = {
      "content-type": "application/json",
      authorization: `Basic ${btoa(`api:${by}`)}`,
    };
    return handler(new Request(`http://localhost${path}`, { method, body, headers }));
  };
  return {
    registry,
    logged,
    handler,
    send,
    async ask(operationName: string, variables: unknown, by?: string) {
      const query = `query ${operationName} {}`;
      const answer = await send("/graphql", JSON.stringify({ query, variables }), { by });
      // deno-lint-ignore no-explicit-any -- JSON of W&B
      return { status: answer.status, ...await answer.json() as any };
    },
    begin(variables?: object, by?: string) {
      return this.ask("UpsertBucket", { project: "digits", name: "abc", ...variables }, by);
    },
    async stream(body: unknown, by?: string) {
      const path = "/files/default/digits/abc/file_stream";
      const answer = await send(path, JSON.stringify(body), { by });
      await answer.body?.cancel();
      return answer.status;
    },
    lines(offset: number, losses: readonly number[], more: object = {}) {
      const content = losses.map((loss, at) =>
        JSON.stringify({ _step: offset + at, _timestamp: 1e9 + loss, _runtime: loss, loss })
      );
      return this.stream({ files: { "wandb-history.jsonl": { offset, content } }, ...more });
    },
    async known() {
      return (await this.ask("RunResumeStatus", { project: "digits", name: "abc" })).data.model
        .bucket;
    },
    async losses() {
      const artifact = await registry.open("digits");
      const text = new TextDecoder().decode(await artifact.file("history.jsonl").bytes());
      return text.trim().split("\n").map((line) => JSON.parse(line).loss);
    },
    [Symbol.asyncDispose]: async () => {
      await handler.close();
      await registry.close();
    },
  };
}

const END = { complete: true, exitcode: 0 };

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

Deno.test("the end of a run that was never said leaves its lines, summary and console", async () => {
  await using service = await open();
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
  assertEquals((await service.ask("Viewer", {}, "nobody")).status, 401);
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

// Programs that use the id of a run again, or go on after another one has ended it.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { realSystem } from "../../../../core/system.ts";
import { discardRun } from "../../../../extensions/runs/mod.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { END, open } from "./open_wandb.ts";

const log = (offset: number, ...content: string[]) => ({
  files: { "output.log": { offset, content } },
});
const summary = (values: object) => ({
  files: { "wandb-summary.json": { offset: 0, content: [JSON.stringify(values)] } },
});
const event = (cpu: number) => ({
  files: { "wandb-events.jsonl": { offset: 0, content: [JSON.stringify({ "system.cpu": cpu })] } },
});

for (
  const [what, sent, path, text] of [
    ["console", log(2, "2026-01-01T00:00:00.0 three"), "output.log", "one\n2 two\nthree\n"],
    ["console", log(0, "2026-01-01T00:00:00.0 other"), "output.log", "other\n2 two\n"],
    ["system metrics", event(2), "wandb-events.jsonl", '{"system.cpu":2}\n'],
    ["a summary", summary({ best: 9 }), "wandb-summary.json", '{"best":9}'],
  ] as const
) {
  Deno.test(`${what} of a program whose run another one has ended: ${text.trim()}`, async () => {
    await using service = await open();
    await service.begin();
    await service.lines(0, [0, 1]);
    const first = [log(0, "2026-01-01T00:00:00.0 one", "2 two"), event(1), summary({ best: 7 })];
    for (const each of first) await service.stream(each);
    for (let times = 0; times < 3; times++) await service.stream({ ...log(1, "2 two"), ...END });
    await service.stream({ files: { "output.log": { offset: 2, content: [] } } });
    assertEquals((await service.registry.info("digits")).version, "1.0.0");

    await service.stream(sent);
    await service.stream({ ...sent, ...END });
    await service.stream({ ...sent, ...END });
    const artifact = await service.registry.open("digits");
    assertEquals(artifact.info.version, "2.0.0");
    assertEquals(new TextDecoder().decode(await artifact.file(path).bytes()), text);
    assertEquals(await service.losses(), [0, 1]);
  });
}

Deno.test("lines of programs with other clocks that are sent again are stored once", async () => {
  await using service = await open();
  await service.begin();
  await service.lines(0, [100, 101]);
  await service.lines(0, [60]);
  await service.lines(0, [100, 101]);
  await service.lines(2, [300, 200]);
  await service.lines(2, [300, 200], END);
  assertEquals(await service.losses(), [100, 101, 60, 300, 200]);
});

Deno.test("the console of a resumed run goes on, also with lines that begin with a time", async () => {
  await using service = await open();
  await service.begin();
  await service.lines(0, [0]);
  await service.stream({ ...log(0, "2026-01-01T00:00:00.0 2020-01-01T00:00:00.0 mine"), ...END });
  await service.begin();
  assertEquals((await service.known()).logLineCount, 1);
  await service.stream({ ...log(1, "two"), ...END });
  const artifact = await service.registry.open("digits");
  const text = new TextDecoder().decode(await artifact.file("output.log").bytes());
  assertEquals(text, "2020-01-01T00:00:00.0 mine\ntwo\n");
});

Deno.test("lines that are later than all others are stored without a read of the others", async () => {
  let reads = 0;
  const backend = withHooks(createMemoryBackend(), {
    before: ({ verb }) => void (reads += Number(verb === "get")),
  });
  await using service = await open(backend);
  await service.begin();
  for (let at = 0; at < 20; at++) await service.lines(at, [at]);
  reads = 0;
  await service.lines(20, [20]);
  const few = reads;
  await service.lines(20, [20]);
  assertEquals([few < 10, reads - few > 20], [true, true], `${few} ${reads}`);
  await service.stream(END);
  assertEquals(await service.losses(), Array.from({ length: 21 }, (_, at) => at));
});

Deno.test("a fork has the points up to its step of a run that a token may read, at their times", async () => {
  await using service = await open();
  await service.begin();
  await service.lines(0, [0, 1, 2]); // it goes on
  const config = (run_id: string) =>
    JSON.stringify({ _wandb: { value: { branch_point: { run_id, step: 1 } } } });
  const fork = (name: string, of: string, by?: string) =>
    service.begin({ name, config: config(of) }, by);
  assertMatch((await fork("one", "none")).errors[0].message, /run none not found/);
  assertEquals((await fork("one", "abc", "save:digits")).status, 403);
  assertEquals((await fork("two", "abc")).errors, undefined);
  const history = async (run: string) => {
    const { project } = (await service.ask("RunFullHistory", { project: "digits", run })).data;
    return project.run.history.map((row: string) => {
      const { loss, _timestamp } = JSON.parse(row);
      return [loss, Math.round(_timestamp)];
    });
  };
  assertEquals(await history("two"), [[0, 1e9], [1, 1e9 + 1]]);
  await fork("two", "abc"); // the request is sent again
  assertEquals((await history("two")).length, 2);
});

Deno.test("a run whose service was killed while it began begins again, also with other facts", async () => {
  let fails = true;
  const backend = createMemoryBackend();
  const killed = withHooks(backend, {
    before({ verb, key }) {
      if (fails && verb === "put" && key.includes("/begun-")) throw new Error("killed");
    },
  });
  const config = (lr: number) => ({ config: JSON.stringify({ lr: { value: lr } }) });
  await using service = await open(killed);
  assert((await service.begin(config(1))).status >= 500);
  fails = false;
  assertEquals((await service.begin(config(2))).errors, undefined);
  await service.lines(0, [0], END);
  assertEquals((await service.registry.info("digits")).metadata.params, { lr: "2" });
});

Deno.test("seeds of 64 bits in a configuration are params as they were written", async () => {
  await using service = await open();
  const config = `{"seed":{"value":1234567890123456789},"n":{"value":{"seed":9007199254740993}}}`;
  await service.begin({ config });
  await service.stream(END);
  const { metadata: { params } } = await service.registry.info("digits");
  assertEquals(params, { seed: "1234567890123456789", "n.seed": "9007199254740993" });
});

Deno.test("metadata of an artifact come back as they were sent", async () => {
  await using service = await open();
  const metadata = `{"seed":1234567890123456789,"wandb":{"mine":1},"f":0.1}`;
  const artifact = {
    projectName: "digits",
    artifactCollectionName: "model",
    artifactTypeName: "model",
    digest: "d",
    clientID: "c",
    metadata,
  };
  const { data } = await service.ask("CreateArtifact", { input: artifact });
  const { id } = data.createArtifact.artifact;
  const at = `/wandb/artifacts/${id.replaceAll("+", "-").replaceAll("/", "_")}/manifest`;
  await service.send(at, JSON.stringify({ contents: {} }), { method: "PUT" });
  await service.ask("CommitArtifact", { artifactID: id });
  const { data: { result } } = await service.ask("UpdateArtifact", { input: { artifactID: id } });
  assertEquals(result.artifact.metadata, metadata);
  for (const lost of [{ tagsToAdd: [{ tagName: "t" }] }, { ttlDurationSeconds: 60 }]) {
    const { errors } = await service.ask("UpdateArtifact", { input: { artifactID: id, ...lost } });
    assertMatch(
      errors[0].message,
      /^(Tags of a saved artifact do not change|Artifacts do not expire)/,
    );
  }
  const { metadata: { wandb: _, ...stored } } = await service.registry.info("digits/model");
  assertEquals(stored, { seed: "1234567890123456789", f: 0.1 });
});

Deno.test("an artifact that is being sent is found by its client's id, also by another service", async () => {
  const backend = createMemoryBackend();
  await using service = await open(backend);
  await using other = await open(backend);
  const { registry } = service;
  const artifact = {
    projectName: "digits",
    artifactCollectionName: "model",
    artifactTypeName: "model",
    digest: "d",
    clientID: "c",
  };
  const { data } = await service.ask("CreateArtifact", { input: artifact });
  const { id } = data.createArtifact.artifact;
  for (const each of [service, other]) {
    const found = async (clientID: string, by?: string) =>
      (await each.ask("ClientIDMapping", { clientID }, by)).data.clientIDMapping;
    assertEquals(await found("c"), { serverID: id });
    assertEquals(await found("none"), null);
    assertEquals(await found("c", "read:else,save:else"), null);
  }
  const at = `/wandb/artifacts/${id.replaceAll("+", "-").replaceAll("/", "_")}/manifest`;
  await service.send(at, JSON.stringify({ contents: {} }), { method: "PUT" });
  await service.ask("CommitArtifact", { artifactID: id });
  const { draft } = (await registry.info("digits/model")).metadata.wandb as { draft: string };
  await (await registry.openDraft("digits/model", { id: `wandb-${draft}` })).discard();
  assertEquals((await service.ask("ArtifactByID", { id })).data.artifact.versionIndex, 0);
});

Deno.test("a longer value or a lost key of a configuration is kept, also after the end", async () => {
  await using service = await open();
  const config = (length: number, more = {}) =>
    JSON.stringify({ prompt: { value: "x".repeat(length) }, ...more });
  const known = async () => JSON.parse((await service.known()).config);
  await service.begin({ config: config(40_000, { lr: { value: 1 } }) });
  await service.begin({ config: config(41_000, { lr: { value: 1 } }) });
  assertEquals((await known()).prompt.value.length, 41_000);
  await service.begin({ config: config(41_000) });
  assertEquals(Object.keys(await known()), ["prompt"]);
  await service.stream(END);
  const { id } = (await service.ask("Run", { project: "digits", name: "abc" })).data.project.run;
  await service.ask("UpsertBucket", { id, config: config(42_000) });
  assertEquals((await known()).prompt.value.length, 42_000);
});

Deno.test("a configuration with infinity or NaN changes, too", async () => {
  await using service = await open();
  for (const more of [`"lr":{"value":1}`, `"lr":{"value":NaN},"late":{"value":2}`]) {
    const config = `{"most":{"value":Infinity},${more}}`;
    await service.begin({ config });
    assertEquals((await service.known()).config, config);
  }
  await service.lines(0, [0], END);
  const { metadata: { params } } = await service.registry.info("digits");
  assertEquals(params, { most: "Infinity", lr: "NaN", late: "2" });
});

Deno.test("first lines that are sent again are stored once, also if lists take long", async () => {
  let ms = 0;
  const backend = withHooks(createMemoryBackend(), {
    before({ verb }) {
      if (verb === "list") ms += 1000;
    },
  });
  await using service = await open(backend, { system: { ...realSystem, monotonic: () => ms } });
  await service.begin();
  await service.lines(0, [0, 1, 2]);
  await service.lines(0, [0, 1, 2]);
  assertEquals((await service.known()).historyLineCount, 3);
});

Deno.test("pages of runs have each run once, while runs come and go", async () => {
  await using service = await open();
  for (const name of ["a", "b", "c", "d", "e"]) await service.begin({ name });
  const order = "+name"; // by ids
  const page = async (cursor?: string) => {
    const asked = { project: "digits", order, perPage: 2, cursor };
    const { edges, pageInfo } = (await service.ask("Runs", asked)).data.project.runs;
    const names: string[] = edges.map(({ node }: { node: { name: string } }) => node.name);
    return { names, cursor: pageInfo.hasNextPage ? pageInfo.endCursor as string : undefined };
  };
  const first = await page();
  assertEquals(first.names, ["a", "b"]);
  await service.begin({ name: "aa" });
  const second = await page(first.cursor);
  assertEquals(second.names, ["c", "d"]);
  await discardRun(service.registry, "digits", { id: "a" });
  await discardRun(service.registry, "digits", { id: "b" });
  assertEquals((await page(second.cursor)).names, ["e"]);
});

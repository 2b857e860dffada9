// Tags, configurations and integers of W&B's clients, which are kept as they were sent.
import { assert, assertEquals } from "@std/assert";
import { readLoggedRuns, updateRun } from "../../../../extensions/runs/mod.ts";
import { END, open } from "./open_wandb.ts";

Deno.test("tags with commas come back as they were sent, and those of earlier releases", async () => {
  await using service = await open();
  const lists = [["a", "b"], ["a, b", "c"], ['["x"]'], ["x,y", "[1]"], []];
  for (const [at, tags] of lists.entries()) {
    await service.begin({ name: `run-${at}`, tags });
    const asked = { project: "digits", name: `run-${at}` };
    const { run } = (await service.ask("Run", asked)).data.project;
    assertEquals(run.tags, tags);
  }
  const [first] = await Array.fromAsync(readLoggedRuns(service.registry, { name: "digits" }));
  assertEquals(first?.tags["wandb.tags"], "a, b");
});

Deno.test("a key that a configuration loses is in no parameters, also after the end", async () => {
  await using service = await open();
  const config = (values: object) =>
    JSON.stringify(
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value }])),
    );
  const params = async () => {
    const [run] = await Array.fromAsync(readLoggedRuns(service.registry, { name: "digits" }));
    return run?.params;
  };
  await service.begin({ config: config({ lr: 1, opt: { name: "sgd", beta: 2 } }) });
  await updateRun(service.registry, "digits", { id: "abc", params: { own: "of a person" } });
  await service.begin({ config: config({ lr: 1, opt: { name: "adam" } }) });
  const kept = { lr: "1", "opt.name": "adam", own: "of a person" };
  assertEquals(await params(), kept);
  await service.lines(0, [0], END);
  const stored = async () => (await service.registry.info("digits")).metadata.params;
  assertEquals(await stored(), kept);
  const { id } = (await service.ask("Run", { project: "digits", name: "abc" })).data.project.run;
  await service.ask("UpsertBucket", { id, config: config({ opt: { name: "adam" } }) });
  assertEquals(await stored(), { "opt.name": "adam", own: "of a person" });
  await service.lines(1, [1]); // of a client that goes on without its configuration
  assertEquals(JSON.parse((await service.known()).config), { opt: { value: { name: "adam" } } });
});

Deno.test("integers of 64 bits in a history are exact for all readers", async () => {
  await using service = await open();
  await service.begin();
  const long = "9007199254740993", seen = "1152921504606846976"; // a number prints other digits
  const at = (step: number) => `"_step":${step},"_timestamp":1e9,"_runtime":0`;
  const content = [
    `{${
      at(0)
    },"seed":${long},"n":{"seen":${seen}},"list":[${long}],"flops":1.1529215046068471e+18}`,
    `{${at(1)},"loss":1}`,
  ];
  const summary = `{"seed":${long},"best":-${long},"loss":1}`;
  const files = {
    "wandb-history.jsonl": { offset: 0, content },
    "wandb-summary.json": { offset: 0, content: [summary] },
  };
  await service.stream({ files });
  await service.stream({ files }); // sent again
  const check = async () => {
    const asked = { project: "digits", run: "abc" };
    const rowsOf = async (name: string, variables: object) => {
      const body = JSON.stringify({
        query: `query ${name} {}`,
        variables: { ...asked, ...variables },
      });
      return (await (await service.send("/graphql", body)).text()).replaceAll("\\", "");
    };
    const spec = JSON.stringify({ keys: ["seed", "flops", "list"] });
    const answers = [
      await rowsOf("RunFullHistory", {}),
      await rowsOf("HistoryPage", { minStep: 0, maxStep: 1 }),
      await rowsOf("RunSampledHistory", { specs: [spec] }),
    ];
    for (const text of answers) {
      for (const each of [`"seed":${long}`, `"list":[${long}]`, `"flops":1.152921504606847`]) {
        assert(text.includes(each), `${each}: ${text}`);
      }
    }
    assert(answers[0]?.includes(`"n.seen":${seen}`));
  };
  await check();
  await service.stream(END);
  await check();
  const { metadata } = await service.registry.info("digits");
  assertEquals(metadata.metrics, {
    seed: long,
    "n.seen": seen,
    best: `-${long}`,
    flops: 1.152921504606847e18,
    loss: 1,
  });
  const curve = await (await service.registry.open("digits")).file("history.jsonl").bytes();
  const [line] = new TextDecoder().decode(curve).split("\n");
  for (const each of [`"seed":${long}`, `"n.seen":${seen}`, `"flops":1.152921504606847e+18`]) {
    assert(line?.includes(each), line);
  }
});

Deno.test("filters tell seeds of 64 bits apart", async () => {
  await using service = await open();
  const seeds = ["9007199254740992", "9007199254740993", "-1"];
  for (const [at, seed] of seeds.entries()) {
    await service.begin({ name: `run-${at}`, config: `{"seed":{"value":${seed}}}` });
  }
  const found = async (filters: string) => {
    const { data } = await service.ask("Runs", { project: "digits", filters });
    return data.project.runs.edges.map(({ node }: { node: { name: string } }) => node.name).sort();
  };
  assertEquals(await found('{"config.seed":9007199254740993}'), ["run-1"]);
  assertEquals(await found('{"config.seed":{"$gt":9007199254740992}}'), ["run-1"]);
  assertEquals(await found('{"config.seed":{"$in":[9007199254740993,-1]}}'), ["run-1", "run-2"]);
  assertEquals(await found('{"config.seed":{"$lte":9007199254740992.5}}'), ["run-0", "run-2"]);
});

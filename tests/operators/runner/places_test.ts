import { assertEquals, assertStringIncludes } from "@std/assert";
import { execFileSync } from "node:child_process";
import { localPath } from "../../../mod.ts";
import { type ObjectTransfer, planPipeline, runPipeline } from "../../../operators/runner/mod.ts";
import { add, pipeline, step } from "./pipelines.ts";
import { testInWorld, textOf } from "./world.ts";
import { rejected } from "../../registry/rejected.ts";

testInWorld("path outputs appear whole, and replace only their own", async (here, root) => {
  await Deno.mkdir(root.join("data"));
  await Deno.writeTextFile(root.join("data", "a"), "a ");
  await Deno.mkdir(root.join("out"));
  await Deno.writeTextFile(root.join("out", "precious"), "mine");
  const paths = (lr: number) =>
    pipeline([
      step("clean", { inputs: { data: "data" }, outputs: { ".": "out" }, params: { lr } }),
      step("train", { inputs: { text: "step:clean" } }),
    ]);
  await runPipeline(paths(1), here);
  assertEquals(await Deno.readTextFile(root.join("out", "text")), "a clean1 ");
  const kept = [...Deno.readDirSync(root.path)].map(({ name }) => name).find((name) =>
    name.startsWith("out.before-")
  )!;
  assertEquals(await Deno.readTextFile(root.join(kept, "precious")), "mine");
  await runPipeline(paths(2), here);
  assertEquals(await Deno.readTextFile(root.join("out", "text")), "a clean2 ");
  assertEquals([...Deno.readDirSync(root.path)].map(({ name }) => name).sort(), [
    ".holdfast-runs",
    "data",
    "out",
    kept,
  ]);
  assertEquals(await textOf(here.registry, "nightly:output:train"), "a clean2 train ");
  await Deno.writeTextFile(root.join("data", "a"), "b ");
  const [clean] = (await planPipeline(paths(2), here)).steps;
  assertEquals(clean.reasons.map((reason) => reason.split(":")[0]), ["inputs changed"]);
});

testInWorld(
  "a step runs again if what a link in its input leads to changed",
  async (here, root) => {
    await Deno.mkdir(root.join("data"));
    await Deno.mkdir(root.join("elsewhere/more"), { recursive: true });
    await Deno.symlink("../elsewhere/train.csv", root.join("data/train.csv"));
    await Deno.symlink("../elsewhere/more", root.join("data/more"));
    await Deno.symlink("nowhere", root.join("data/broken"));
    add(here.operators, "reader", () => {});
    const reading = pipeline([step("clean", { operator: "reader", inputs: { data: "./data" } })]);
    const write = (path: string, text: string) =>
      Deno.writeTextFile(root.join("elsewhere", path), text);
    await write("train.csv", "1");
    await write("more/a", "1");
    await runPipeline(reading, here);
    assertEquals((await runPipeline(reading, here)).steps.clean.end, "skipped");
    for (const path of ["train.csv", "more/a", "more/b"]) {
      await write(path, "2");
      assertEquals((await runPipeline(reading, here)).steps.clean.end, "ran", path);
    }
    await Deno.remove(root.join("data/broken"));
    await Deno.symlink("changed", root.join("data/broken"));
    assertEquals((await runPipeline(reading, here)).steps.clean.end, "ran");
  },
);

testInWorld("an input that changes behind a link fails the step", async (here, root) => {
  await Deno.mkdir(root.join("data"));
  await Deno.writeTextFile(root.join("train.csv"), "1");
  await Deno.symlink("../train.csv", root.join("data/train.csv"));
  add(here.operators, "writer", () => Deno.writeTextFileSync(root.join("train.csv"), "2"));
  const writing = pipeline([step("clean", { operator: "writer", inputs: { data: "./data" } })]);
  const { steps } = await runPipeline(writing, here);
  assertStringIncludes(steps.clean.reason!, "it has changed since the run was planned");
});

testInWorld("an input with a link to outside fails the step", async (here, root) => {
  await Deno.mkdir(root.join("data"));
  await Deno.symlink("/etc/hostname", root.join("data/away"));
  await here.registry.save("data:raw", localPath(root.join("data")));
  const reading = pipeline([step("clean", { inputs: { data: "registry:data:raw" } })]);
  const { steps } = await runPipeline(reading, here);
  assertStringIncludes(steps.clean.reason!, 'its link "away" leads outside, to "/etc/hostname"');
  assertEquals(here.ran, []);
});

testInWorld("a foreign file is kept beside the output that replaces it", async (here, root) => {
  await Deno.writeTextFile(root.join("model.txt"), "mine");
  const clean = (lr: number) =>
    pipeline([step("clean", { outputs: { "any.txt": "./model.txt" }, params: { lr } })]);
  add(
    here.operators,
    "writer",
    ({ outputRoot, params }) =>
      Deno.writeTextFileSync(`${outputRoot}/any.txt`, JSON.stringify(params)),
  );
  for (const lr of [1, 2]) {
    const one = clean(lr);
    one.steps[0].operator = "writer";
    assertEquals((await runPipeline(one, here)).end, "ok");
    assertEquals(await Deno.readTextFile(root.join("model.txt")), `{"lr":${lr}}`);
  }
  const kept = [...Deno.readDirSync(root.path)].map(({ name }) => name).filter((name) =>
    name.includes("before")
  );
  assertEquals(kept.map((name) => Deno.readTextFileSync(root.join(name))), ["mine"]);
});

testInWorld("an output never replaces a pipe or a device", async (here, root) => {
  execFileSync("mkfifo", [root.join("pipe")]);
  await Deno.symlink("/dev/null", root.join("link"));
  for (const to of ["./pipe", "./link"]) {
    const writing = pipeline([step("clean", { outputs: { text: to } })]);
    const { message } = await rejected("Invalid", planPipeline(writing, here));
    assertStringIncludes(message, "a pipe or a socket");
  }
  // It appears after the plan was made.
  add(here.operators, "writer", ({ outputRoot }) => {
    Deno.writeTextFileSync(`${outputRoot}/text`, "1");
    execFileSync("mkfifo", [root.join("late")]);
  });
  const late = pipeline([step("clean", { operator: "writer", outputs: { text: "./late" } })]);
  assertStringIncludes((await runPipeline(late, here)).steps.clean.reason!, "a pipe or a socket");
  assertEquals((await Deno.lstat(root.join("late"))).isFifo, true);
});

testInWorld(
  "an output with a name that no save takes is refused before anything runs",
  async (here) => {
    for (const name of ["../a", "*", "-a"]) {
      const one = pipeline([step("clean", { outputs: { text: `registry:${name}` } })]);
      await rejected("Invalid", planPipeline(one, here));
    }
  },
);

testInWorld("unsupported steps are refused before anything runs", async (here) => {
  const shards = step("clean", { shards: 2, outputs: { a: "./a" } });
  await rejected("Unsupported", runPipeline(pipeline([shards]), here));
  assertEquals(await Array.fromAsync(here.registry.names()), []);
});

testInWorld("a step fails if its input changes while it runs", async (here, root) => {
  await Deno.mkdir(root.join("data"));
  const write = (text: string) => Deno.writeTextFileSync(root.join("data", "a"), text);
  write("planned");
  let reads: (() => void)[] = [];
  add(here.operators, "reader", ({ inputRoot, outputRoot }) => {
    reads.shift()?.();
    Deno.writeTextFileSync(`${outputRoot}/text`, Deno.readTextFileSync(`${inputRoot}/a`));
  });
  const read = { operator: "reader", inputs: { data: "./data" } };
  const steps = [
    step("first", read),
    step("second", { ...read, upstream: ["first"] }),
    step("third", read),
  ];
  const nodes = [{ id: "here", runnerCount: 1, resources: {} }];
  reads = [() => {}, () => write("other")];
  const changed = await runPipeline(pipeline(steps, { nodes }), here);
  assertEquals(Object.values(changed.steps).map(({ end }) => end).sort(), [
    "failed",
    "failed",
    "ran",
  ]);
  assertStringIncludes(changed.steps.second.reason!, "it has changed since the run was planned");
  assertEquals((await runPipeline(pipeline(steps, { nodes }), here)).end, "ok");
});

testInWorld("an object that changes after the plan fails the step", async (here) => {
  let content = "planned";
  const s3 = {
    upload: () => Promise.reject(new Error("nothing is uploaded")),
    info: () => Promise.resolve({ size: content.length, modifiedAt: 0, etag: content }),
    async download(_url: string, { to }: { to: string }) {
      await Deno.writeTextFile(to, content);
      return { path: to, size: content.length };
    },
  } as unknown as ObjectTransfer;
  const steps = [step("clean", { inputs: { data: "s3://bucket/a" } })];
  const onRun = () => void (content = "other");
  const { clean } = (await runPipeline(pipeline(steps), { ...here, s3, onRun })).steps;
  assertStringIncludes(clean.reason ?? "", "it has changed since");
  assertEquals((await runPipeline(pipeline(steps), { ...here, s3 })).end, "ok");
});

testInWorld("conflicting destinations are refused before anything runs", async (here) => {
  const refused: [first: string, second: string | undefined, state: string][] = [
    [".", undefined, "contains the pipeline's own folder"],
    ["..", undefined, "contains the pipeline's own folder"],
    ["/", undefined, "contains the pipeline's own folder"],
    ["./.holdfast-runs", undefined, "the folder of its runs"],
    ["./.holdfast-runs/nightly/out", undefined, "the folder of its runs"],
    ["./out", "out/", "overlap"],
    ["./out", "./out/deep/er", "overlap"],
    ["s3://bucket/a", "s3://bucket/a", "the destination of"],
    ["registry:data@^1", undefined, "is not a version"],
    ["registry:data@production", undefined, "is not a version"],
    ["step:clean", undefined, "belongs to a step"],
    ["registry:nightly:run", undefined, "holds records of its runs"],
    ["registry:nightly:step:clean@7.0.0", undefined, "holds records of its runs"],
    ["registry:nightly:failure:train", "./out", "holds records of its runs"],
  ];
  for (const [first, second, state] of refused) {
    const steps = [step("clean", { outputs: { x: first } })];
    if (second !== undefined) steps.push(step("train", { outputs: { y: second } }));
    const error = await rejected("Invalid", planPipeline(pipeline(steps), here));
    assertStringIncludes(error.message, state);
  }
  const apart = {
    a: "./out/a",
    ab: "./out/ab",
    dots: "./..out",
    other: "/tmp/holdfast-somewhere",
    v: "registry:d@2.0.0",
  };
  const { steps } = await planPipeline(pipeline([step("clean", { outputs: apart })]), here);
  assertEquals(steps[0].decision, "run");
});

testInWorld("ids that are too long for records are refused", async (here) => {
  const long = step("s".repeat(181), { operator: "clean" }); // fits into some of these names
  const error = await rejected("Invalid", planPipeline(pipeline([long]), here));
  assertStringIncludes(error.message, "it is too long");
  assertEquals(here.ran, []);
});

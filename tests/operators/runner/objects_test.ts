import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createS3Configs, type S3Configs } from "../../../backends/s3_configs.ts";
import { realSystem } from "../../../core/system.ts";
import { type ObjectTransfer, planPipeline, runPipeline } from "../../../operators/runner/mod.ts";
import { type RunningServer, S3_SERVERS, serverTest } from "../../support/servers/mod.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ends, testInWorld, type World, world } from "./world.ts";
import { add, pipeline, step } from "./pipelines.ts";

interface BucketWorld extends World {
  s3: S3Configs;
  /** A folder of the bucket, ending with `/`. */
  place: string;
}

/** Runs a test with a bucket, of which a provider `tos` is known, and operators that write to it. */
function bucketTest(name: string, test: (here: BucketWorld) => Promise<void>): void {
  serverTest(name, S3_SERVERS, async (server) => {
    await using root = await tempRoot();
    await using here = await world(root);
    const { s3, place } = bucketOf(server);
    add(here.operators, "spread", async ({ inputRoot, outputRoot, params }) => {
      const { names } = params as { names: string[] };
      await Deno.mkdir(`${outputRoot}/deep`);
      for (const name of names) await Deno.writeTextFile(`${outputRoot}/${name}`, `${name} `);
      for await (const { name } of Deno.readDir(inputRoot)) {
        await Deno.writeTextFile(`${outputRoot}/deep/read.txt`, name);
      }
    });
    add(here.operators, "tell", async ({ inputRoot, outputRoot }) => {
      const found = (await Array.fromAsync(walk(inputRoot))).sort();
      await Deno.writeTextFile(`${outputRoot}/text`, found.join("|"));
    });
    const given: BucketWorld = Object.assign(here, { s3, place });
    await test(Object.defineProperty(given, "place", { enumerable: false })); // no option
  });
}

function bucketOf({ bucket, endpoint, region, accessKey, secretKey }: RunningServer) {
  const s3 = createS3Configs();
  for (const provider of ["minio", "tos"]) {
    s3.register(provider, bucket, () => ({ endpoint, region, accessKey, secretKey }));
  }
  return { s3, place: `minio://${bucket}/${realSystem.id()}/` };
}

async function* walk(folder: string, under = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* walk(`${folder}/${name}`, `${under}${name}/`);
    else yield `${under}${name}=${await Deno.readTextFile(`${folder}/${name}`)}`;
  }
}

/** Steps that write these files below a URL, and list what was written. */
const spreadAndTell = (place: string, names: string[]) => [
  step("spread", {
    inputs: { data: `${place}in` },
    outputs: { ".": `${place}out/` },
    params: { names },
  }),
  step("tell", { inputs: { data: "step:spread" }, outputs: { text: `${place}text` } }),
];

const read = async (s3: S3Configs, url: string) => new TextDecoder().decode(await s3.download(url));

bucketTest("a step runs again if its input or output object changes", async (here) => {
  const { s3, place } = here;
  await s3.upload("a ", `${place}in a.txt`);
  const steps = [
    step("clean", {
      inputs: { data: `${place}in a.txt` },
      outputs: { text: `${place}out/result` },
    }),
  ];
  const plan = async () => (await planPipeline(pipeline(steps), here)).steps[0].reasons.join();
  assertEquals((await runPipeline(pipeline(steps), here)).steps.clean.outputs, {
    text: `${place}out/result`,
  });
  assertEquals(await read(s3, `${place}out/result`), "a clean ");
  assertEquals(ends((await runPipeline(pipeline(steps), here)).steps), { clean: "skipped" });
  await s3.upload("b ", `${place}in a.txt`);
  assertMatch(await plan(), /^inputs changed: minio:.*in a\.txt [0-9a-f]+… → [0-9a-f]+…$/);
  await runPipeline(pipeline(steps), here);
  assertEquals(await read(s3, `${place}out/result`), "b clean ");
  await s3.upload("somebody else's", `${place}out/result`);
  assertEquals(await plan(), `output gone: ${place}out/result`);
});

bucketTest("objects below a URL are read, and a change of one is detected", async (here) => {
  const { s3, place } = here;
  for (const path of ["a.txt", "deep/b c.txt", "deep/ü+%20&.txt"]) {
    await s3.upload(
      `${path} `,
      `${place}in/${path}`,
    );
  }
  const steps = [
    step("tell", { inputs: { data: `${place}in/` }, outputs: { text: `${place}text` } }),
  ];
  await runPipeline(pipeline(steps), here);
  const found = ["a.txt", "deep/b c.txt", "deep/ü+%20&.txt"].map((path) => `${path}=${path} `)
    .join("|");
  assertEquals(await read(s3, `${place}text`), found);
  assertEquals(ends((await runPipeline(pipeline(steps), here)).steps), { tell: "skipped" });
  await s3.upload("new", `${place}in/deep/new`);
  assertEquals(ends((await runPipeline(pipeline(steps), here)).steps), { tell: "ran" });
  assertStringIncludes(await read(s3, `${place}text`), "deep/new=new");
});

bucketTest("the next step reads only objects that the step wrote", async (here) => {
  const { s3, place } = here;
  await s3.upload("x", `${place}in`);
  await s3.upload("old", `${place}out/old`);
  const steps = (names: string[]) => spreadAndTell(place, names);
  await runPipeline(pipeline(steps(["a b", "c"])), here);
  assertEquals(await read(s3, `${place}text`), "a b=a b |c=c |deep/read.txt=in");
  await runPipeline(pipeline(steps(["a b"])), here);
  assertEquals(await read(s3, `${place}text`), "a b=a b |deep/read.txt=in");
  assertEquals(await read(s3, `${place}out/old`), "old");
  await s3.upload("other", `${place}out/deep/read.txt`);
  const [{ reasons }] = (await planPipeline(pipeline(steps(["a b"])), here)).steps;
  assertEquals(reasons, [`output gone: ${place}out/`]);
});

bucketTest("a failed upload leaves no success, and is repeated", async (here) => {
  const { s3, place } = here;
  await s3.upload("x", `${place}in`);
  const steps = spreadAndTell(place, ["a", "b", "c"]);
  const broken: S3Configs = {
    ...s3,
    upload: (data, url, options) =>
      url.endsWith("/b")
        ? Promise.reject(new Error("the line is cut"))
        : s3.upload(data, url, options),
  };
  const failed = await runPipeline(pipeline(steps), { ...here, s3: broken });
  assertEquals(ends(failed.steps), { spread: "failed", tell: "blocked" });
  assertStringIncludes(failed.steps.spread.reason!, "the line is cut");
  assertEquals(await here.registry.has("nightly:step:spread"), false);
  assertEquals((await runPipeline(pipeline(steps), here)).end, "ok");
  assertEquals(await read(s3, `${place}text`), "a=a |b=b |c=c |deep/read.txt=in");
});

bucketTest("the scheme of a URL selects the provider's configuration", async (here) => {
  const { s3, place } = here;
  const tos = place.replace("minio:", "tos:");
  await s3.upload("a ", `${place}in`);
  await runPipeline(
    pipeline([step("clean", { inputs: { data: `${tos}in` }, outputs: { text: `${tos}out` } })]),
    here,
  );
  assertEquals(await read(s3, `${place}out`), "a clean ");
  const { reason } = (await runPipeline(
    pipeline([step("train", { outputs: { text: place.replace("minio:", "oss:") + "out" } })]),
    here,
  )).steps.train;
  assertStringIncludes(reason!, "Cannot find the configuration of oss://holdfast");
});

testInWorld("a key that leads outside the input root is refused", async (here) => {
  const s3 = {
    async *list(url: string) {
      yield await Promise.resolve({ url: `${url}../../evil`, size: 1, modifiedAt: 0, etag: "x" });
    },
    download: () => Promise.reject(new Error("it was downloaded")),
  } as unknown as ObjectTransfer;
  const steps = [step("clean", { inputs: { data: "s3://bucket/in/" } })];
  const { clean } = (await runPipeline(pipeline(steps), { ...here, s3 })).steps;
  assertEquals(clean.end, "failed");
  assertStringIncludes(clean.reason!, '"../../evil"');
});

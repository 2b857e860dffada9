import { assertEquals, assertStringIncludes } from "@std/assert";
import { type ObjectTransfer, runPipeline } from "../../../../operators/runner/mod.ts";
import { pipeline, step } from "../pipelines.ts";
import { testInWorld } from "../world.ts";
import type { ArtifactInput } from "../../../../registry/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { lineageOf } from "../../../../operators/runner/success.ts";

const writing = (script: string, members = {}) =>
  step("write", {
    runAs: "command",
    startCommand: ["sh", "-c", `cd "$OUTPUT_ROOT"; ${script}`],
    ...members,
  });

testInWorld("the log names pipes in the output, which are not saved", async (here) => {
  const { registry } = here;
  for (
    const members of [{}, { shards: 1, outputs: { deep: "registry:out" } }, {
      shards: 2,
      outputs: { ".": "registry:out" },
    }]
  ) {
    const script = "mkdir deep; echo 1 > deep/file-${HOLDFAST_SHARD%/*}; mkfifo deep/pipe";
    const { steps } = await runPipeline(pipeline([writing(script, members)]), {
      ...here,
      force: true,
    });
    assertEquals(steps.write.end, "ran", steps.write.reason);
    const log = new TextDecoder().decode(
      await (await registry.open("nightly:step:write")).file("log.txt").bytes(),
    );
    assertStringIncludes(log, 'warn not saved: "deep/pipe" is a pipe, a socket or a device');
    await registry.delete("nightly:step:write", { allVersions: true });
  }
});

testInWorld("links in an output are uploaded as files, or fail the step", async (here) => {
  const uploaded: Record<string, string> = {};
  const s3 = {
    async upload({ path }: { path: string }, url: string) {
      uploaded[url] = await Deno.readTextFile(path);
    },
    async *list(url: string) {
      for (const key of Object.keys(uploaded).sort()) {
        if (key.startsWith(url)) {
          yield await Promise.resolve({ url: key, size: 1, modifiedAt: 0, etag: uploaded[key] });
        }
      }
    },
  } as unknown as ObjectTransfer;
  const run = async (script: string) => {
    const one = pipeline([writing(script, { outputs: { ".": "s3://bucket/out/" } })]);
    return (await runPipeline(one, { ...here, s3 })).steps.write;
  };
  assertEquals((await run("mkdir a; echo text > a/file; ln -s a/file link")).end, "ran");
  assertEquals(uploaded, {
    "s3://bucket/out/a/file": "text\n",
    "s3://bucket/out/link": "text\n",
  });
  for (const script of ["ln -s nowhere broken", "mkdir a; echo b > a/b; ln -s a folder"]) {
    const { end, reason } = await run(script);
    assertEquals(end, "failed");
    assertStringIncludes(reason!, "does not lead to a file");
  }
});

Deno.test("lineage is complete with more inputs than an artifact can have", async () => {
  await using registry = await openRegistry("memory:");
  const context = { registry, pipeline: pipeline([]), signal: new AbortController().signal };
  const refs = Array.from({ length: 2_001 }, (_, index) => `data:raw@${index + 1}.0.0`);
  const digest = "0".repeat(64);
  const inputs = Object.fromEntries(
    refs.map((ref) => [ref, { from: `registry:${ref}`, digest, parts: [{ at: "", ref, digest }] }]),
  );
  const groups = await lineageOf(inputs, context, { step: "clean", effect: "e" });
  const named = (inputs: readonly ArtifactInput[]) =>
    inputs.map((one) => typeof one === "string" ? one : one.ref);
  assertEquals(named(groups), [1, 2, 3].map((number) => `nightly:inputs:clean@${number}.0.0`));
  const infos = await Promise.all(named(groups).map((ref) => registry.info(ref)));
  assertEquals(infos.flatMap(({ inputs }) => named(inputs)), refs);
  assertEquals(
    await lineageOf(inputs, context, { step: "clean", effect: "e" }),
    groups,
    "a repeat saves nothing",
  );
});

import { assertEquals } from "@std/assert";
import { type ArtifactInput, openRegistry } from "../../../../mod.ts";
import { lineageOf } from "../../../../operators/runner/step/lineage.ts";
import { pipeline } from "../pipelines.ts";

Deno.test("lineage is whole also where a step reads more than one artifact can name, and saved once", async () => {
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

import { assertStrictEquals } from "@std/assert";
import { type ConfigPart, loadConfigPart } from "../../../../apps/cli/pipelines/pipeline_parts.ts";
import * as config from "../../../../operators/config/mod.ts";

Deno.test("what commands take the reading of pipelines for is what there is, types too", async () => {
  const part: ConfigPart = config;
  assertStrictEquals(await loadConfigPart(), part);
});

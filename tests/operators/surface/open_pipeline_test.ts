import { assertStrictEquals } from "@std/assert";
import { type ConfigPart, loadConfigPart } from "../../../operators/surface/open_pipeline.ts";
import * as config from "../../../operators/config/mod.ts";

Deno.test("the parts of pipelines that commands load have the declared types", async () => {
  const part: ConfigPart = config;
  assertStrictEquals(await loadConfigPart(), part);
});

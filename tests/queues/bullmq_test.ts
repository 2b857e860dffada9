import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { openQueue } from "../../queues/mod.ts";
import { programTest } from "../support/servers/programs/program_tests.ts";

programTest("a password that the server refuses is nowhere in the error", "redis", async ({ shared }) => {
  const url = (await shared()).url.replace("redis://", "redis://nobody:hunter2@");
  const error = await assertRejects(() => openQueue(url), RegistryError);
  assertEquals(error.code, "Denied");
  assert(!Deno.inspect(error, { depth: 20 }).includes("hunter2"));
});

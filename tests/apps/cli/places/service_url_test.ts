import { assertEquals, assertStringIncludes } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { cliTest } from "../../captured_io.ts";

cliTest("a URL with a path that the service lacks gets a hint about the URL", async (it) => {
  await using registry = await openRegistry("memory:");
  const handler = createHandler(registry);
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  const { code, err } = await it.holdfast(
    `ls -r http://127.0.0.1:${server.addr.port}/wrong-path`,
  );
  assertEquals(code === 0, false);
  assertStringIncludes(err, "Check the URL");
  assertEquals(err.includes("openapi"), false, err);
  await handler[Symbol.asyncDispose]();
});

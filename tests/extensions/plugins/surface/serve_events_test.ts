import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RegistryTopics } from "../../../../extensions/plugins/events/mod.ts";
import { openEventBus } from "../../../../extensions/plugins/events/mod.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { filledTest, fillRegistry, holdfast, serving } from "../../../apps/captured_io.ts";

programTest("serve tells a bus what was saved through it", "redis", async ({ shared }) => {
  await using root = await tempRoot();
  await fillRegistry(root.path);
  const busUrl = `${(await shared()).url}?bus=serve-events`;
  await using bus = await openEventBus<RegistryTopics>(busUrl);
  await using heard = bus.listen("registry.saved");
  await heard.ready;
  const { line: url, stop, ended } = await serving(root.path, "--events", busUrl);
  await (await fetch(`${url}/upload?name=scan`, { method: "POST", body: "12345" })).body?.cancel();
  for await (const { payload } of heard) {
    assertEquals([payload.name, payload.version], ["scan", "1.0.0"]);
    break;
  }
  stop();
  assertEquals(await ended, 0);
  const elsewhere = await holdfast(`serve -r http://127.0.0.1:1 --port 0 --events ${busUrl}`, {
    cwd: root.path,
  });
  assertStringIncludes(elsewhere.err, "it is behind a service");
});

filledTest("serve refuses a memory bus, a password, an unknown scheme", async (it) => {
  for (const url of ["memory:", "redis://:secret@127.0.0.1:1", "ftp://host", "nonsense"]) {
    const { code, err } = await it.holdfast(`serve --port 0 --events ${url}`);
    assertEquals([code, err.includes("secret")], [2, false], err);
    assertStringIncludes(err, "hint: ");
  }
});

import { assertEquals } from "@std/assert";
import { openRegistry } from "../../mod.ts";
import { connect } from "../extensions/gateways/mcp/client_of.ts";
import { testOnServers } from "./server_world.ts";

testOnServers("a program with a model uses a registry in a bucket", ["minio"], async (world) => {
  await using registry = await openRegistry(world.store(), { cache: false });
  await using it = await connect(registry);
  const large = Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`).join("");
  await it.call("save_version", { name: "team:log", files: [{ path: "a.log", text: large }] });
  await it.call("save_version", {
    name: "team:log",
    files: [{ path: "a.log", text: `${large}end` }],
  });
  const { items } = await it.call<{ items: { version: string }[] }>("list_versions", {
    name: "team:log",
  });
  assertEquals(items.map(({ version }) => version), ["2.0.0", "1.0.0"]);
  const end = await it.call("read_file", { ref: "team:log", offset: -15 });
  assertEquals(end.text, "line 199999\nend");
  const start = await it.call("read_file", { ref: "team:log@1", limit: 1 });
  assertEquals([start.text, start.next], ["line 0\n", 7]);
  const found = await it.call("compare_versions", { before: "team:log@1", after: "team:log@2" });
  assertEquals((found.files as { path: string }[]).map(({ path }) => path), ["a.log"]);
});

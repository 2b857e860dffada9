import { assertEquals } from "@std/assert";
import { createHotFiles, type HotFile } from "../../../../apps/server/files/hot_files.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";

function fileOf(name: string, size = 1000): HotFile {
  return {
    route: "/",
    name,
    bytes: new Uint8Array(size),
    size,
    etag: "",
    lastModified: "",
    digest: "",
    headers: {},
  };
}

Deno.test("hot files are bounded in bytes, and what was not asked for the longest goes", () => {
  const hot = createHotFiles({ system: createScriptedSystem(), maxBytes: 16_000 });
  for (const path of ["/a", "/b", "/c"]) hot.keep(path, fileOf(path));
  hot.find("/a");
  hot.keep("/d", fileOf("d"));
  assertEquals(["/a", "/b", "/c", "/d"].map((path) => hot.find(path) !== undefined), [
    true,
    false,
    true,
    true,
  ]);
  hot.keep("/large", fileOf("large", 20_000));
  assertEquals(hot.find("/large"), undefined);
  assertEquals(hot.find("/a") !== undefined, true, "what is too large drives nothing out");
});

Deno.test("hot files are forgotten by name, and after ten seconds", () => {
  const system = createScriptedSystem();
  const hot = createHotFiles({ system, maxBytes: 100_000 });
  hot.keep("/a/1", fileOf("a"));
  hot.keep("/a/2", fileOf("a"));
  hot.keep("/b/1", fileOf("b"));
  hot.forget("a");
  assertEquals([hot.find("/a/1"), hot.find("/a/2"), hot.find("/b/1")?.name], [
    undefined,
    undefined,
    "b",
  ]);
  system.advance(10_001);
  assertEquals(hot.find("/b/1"), undefined);
});

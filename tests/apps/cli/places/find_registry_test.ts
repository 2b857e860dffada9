import { assertEquals } from "@std/assert";
import { setRemote } from "../../../../apps/cli/places/set_remote.ts";
import { findRegistry, looksLikeLocation } from "../../../../apps/cli/places/find_registry.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { captureIo } from "../../captured_io.ts";

Deno.test("a registry name needs no @, a folder of that name needs ./", async () => {
  await using root = await tempRoot();
  const io = captureIo({ cwd: root.path, env: { XDG_CONFIG_HOME: root.path } });
  assertEquals(findRegistry("team", io).location, root.join("team"));
  setRemote("team", { location: "/srv/team" }, { system: io.system });
  assertEquals(findRegistry("team", io).location, "/srv/team");
  assertEquals(findRegistry("./team", io).location, root.join("team"));
});

Deno.test("only unusual names look like locations", () => {
  for (const text of [".", "..", "./r", "../r", "/r", "s3://b", "file:///r", "@team", "@team/"]) {
    assertEquals(looksLikeLocation(text), true, text);
  }
  for (const text of ["r", "data:raw", "a/b", ".hidden", "data:", "..x", "@team/a"]) {
    assertEquals(looksLikeLocation(text), false, text);
  }
});

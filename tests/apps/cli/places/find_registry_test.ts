import { assertEquals } from "@std/assert";
import { setRemote } from "../../../../registry/places/remotes.ts";
import { findRegistry, looksLikeLocation } from "../../../../apps/cli/places/find_registry.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { captureIo } from "../../captured_io.ts";

Deno.test("on the command line a name of a registry needs no @; a folder that is called so is ./team", async () => {
  await using root = await tempRoot();
  const io = captureIo({ cwd: root.path, env: { XDG_CONFIG_HOME: root.path } });
  assertEquals(findRegistry("team", io).location, root.join("team"));
  setRemote("team", { location: "/srv/team" }, { system: io.system });
  assertEquals(findRegistry("team", io).location, "/srv/team");
  assertEquals(findRegistry("./team", io).location, root.join("team"));
});

Deno.test("only what cannot be a usual name looks like a location", () => {
  for (const text of [".", "..", "./r", "../r", "/r", "s3://b", "file:///r", "@team", "@team/"]) {
    assertEquals(looksLikeLocation(text), true, text);
  }
  for (const text of ["r", "data:raw", "a/b", ".hidden", "data:", "..x", "@team/a"]) {
    assertEquals(looksLikeLocation(text), false, text);
  }
});

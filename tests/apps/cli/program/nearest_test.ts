import { assertEquals, assertStringIncludes } from "@std/assert";
import { nearestName } from "../../../../core/text/nearest.ts";
import { filledTest } from "../../captured_io.ts";

Deno.test("the nearest word is one with few letters wrong, or a name that it is a part of", () => {
  assertEquals(nearestName("modle", ["other", "model"]), "model");
  assertEquals(nearestName("Model", ["model", "modal"]), "model");
  assertEquals(nearestName("raw", ["data:raw", "other"]), "data:raw");
  assertEquals(nearestName("prod", ["canary", "production"]), "production");
  assertEquals(nearestName("ab", ["xy", "abcdef"]), undefined);
  assertEquals(nearestName("produktion", ["production", "canary"]), "production");
  assertEquals(nearestName("same", ["same"]), undefined);
});

filledTest("who mistypes a name, a version or an alias is told what is like it", async (it) => {
  await it.succeeds("init other");
  for (
    const [line, meant] of [
      ["load confg", "config"],
      ["info raw", "data:raw"],
      ["download Config@2 out", "config@2.0.0"],
      ["cat config@producton", "config@production"],
      ["load config@lates", "config@latest"],
      ["info config@2.0.1", "config@2.0.0"],
      ["versions confg", "config"],
      ["log nott", "note"],
      ["diff config@1 cnofig@2", "config@2.0.0"],
      ["alias confg", "config"],
      ["alias config prodution", "config@production"],
      ["alias config prodution --history", "config@production"],
      ["rm confg --all --yes", "config"],
      ["rm confg@1 --yes", "config@1.0.0"],
    ]
  ) {
    const { code, err } = await it.holdfast(line);
    assertEquals(code, 3, `${line}\n${err}`);
    assertStringIncludes(err, `Did you mean ${meant}? See what exists: holdfast`, line);
    assertEquals(err.split("Did you mean").length, 2, line);
  }
  const strange = await it.holdfast("load something-else");
  assertEquals([strange.code, strange.err.includes("Did you mean")], [3, false]);
});

filledTest("a bare x behind a name is a word that was cut short, not any version", async (it) => {
  for (const ref of ["config@x", "config@X"]) {
    await it.fails(`info ${ref}`, 3);
  }
});

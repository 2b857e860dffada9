import { assertEquals } from "@std/assert";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isWithin } from "../../disk/target.ts";
import { pathsBelow } from "../../disk/paths_below.ts";
import { inFolder } from "./folder_case.ts";

inFolder("pathsBelow() lists everything once, and follows no link", async (root) => {
  await Promise.resolve();
  mkdirSync(join(root, "sub/deep"), { recursive: true });
  mkdirSync(join(root, "empty"));
  writeFileSync(join(root, "sub/deep/file"), "");
  symlinkSync("..", join(root, "sub/up"));
  symlinkSync(".", join(root, "sub/deep/self"));
  symlinkSync("nowhere", join(root, "lost"));
  const below = (await Array.fromAsync(pathsBelow(root))).map((path) => path.replaceAll("\\", "/"));
  const expected = "empty lost sub sub/deep sub/deep/file sub/deep/self sub/up";
  assertEquals(below.sort(), expected.split(" "));
  assertEquals(await Array.fromAsync(pathsBelow(join(root, "empty"))), []);
});

Deno.test("a folder holds itself and what is below it, whatever the names begin with", () => {
  const folder = resolve("/data/run");
  const inside = ["", "a", "..a", "...", "..a/b", "a/..b", "..m.json", ".. /x", "a/../b"];
  const outside = [
    "..",
    "../a",
    "../..",
    "../run2",
    "../runa/b",
    "../..run",
    "../../..",
    "a/../../b",
  ];
  for (const path of inside) assertEquals(isWithin(folder, join(folder, path)), true, path);
  for (const path of outside) assertEquals(isWithin(folder, join(folder, path)), false, path);
  assertEquals(isWithin(resolve("/"), folder), true);
  assertEquals(isWithin(folder, resolve("/")), false);
});

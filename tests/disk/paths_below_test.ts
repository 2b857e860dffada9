import { assertEquals } from "@std/assert";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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

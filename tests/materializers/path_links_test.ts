import { assertEquals, assertStringIncludes } from "@std/assert";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type LeftOut, localPath, type LocalPathOptions } from "../../materializers/mod.ts";
import { fails } from "./fake_artifact.ts";
import { inFolder, listed, save, write } from "./in_folder.ts";

/** Returns the saved entries of a folder, and those left out. */
async function savedAndLeft(
  root: string,
  options: LocalPathOptions,
): Promise<[saved: string[], left: LeftOut[]]> {
  const left: LeftOut[] = [];
  const saved = await listed(root, { ...options, onLeftOut: (entry) => left.push(entry) });
  return [saved, left.sort((a, b) => a.path < b.path ? -1 : 1)];
}

inFolder("links are kept as they are, wherever they lead", async (root) => {
  write(root, "sub/a", "text");
  const links = {
    absolute: "/etc/passwd",
    around: "sub/../sub/a",
    back: ".",
    dangling: "gone",
    outside: "../../x",
    "sub/parent": "..",
    up: "sub/a",
    "with\nline": "a\\b",
  };
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
  const expected = Object.entries(links).map(([path, target]) => `${path} link ${target}`);
  const left = ["absolute", "around", "outside", "with\nline"].map((path) => ({
    path,
    reason: "linked content" as const,
    target: links[path as keyof typeof links],
  }));
  assertEquals(await savedAndLeft(root, {}), [["sub/a - text", ...expected].sort(), left]);
  assertEquals(await listed(root, { links: "keep" }), ["sub/a - text", ...expected].sort());
});

inFolder("skipped links are reported with their targets", async (root) => {
  write(root, "a");
  mkdirSync(join(root, "sub"));
  symlinkSync("../a", join(root, "sub/link"));
  const left = [{ path: "sub/link", reason: "link" as const, target: "../a" }];
  assertEquals(await savedAndLeft(root, { links: "skip" }), [["a - a", "sub folder "], left]);
});

inFolder("links may be refused, and the message names the link", async (root) => {
  write(root, "a");
  symlinkSync("a", join(root, "link"));
  const error = await fails("Unsupported", () => save(root, { links: "refuse" }));
  assertStringIncludes(error.message, join(root, "link"));
});

inFolder("followed links give their targets, also from outside, and loops end", async (root) => {
  const outside = join(root, "../outside");
  write(outside, "deep/b", "b");
  write(outside, "run", "x");
  chmodSync(join(outside, "run"), 0o755);
  execFileSync("mkfifo", [join(outside, "pipe")]);
  write(root, "sub/a", "a");
  symlinkSync("a", join(root, "sub/again"));
  symlinkSync(outside, join(root, "there"));
  symlinkSync("../outside/run", join(root, "run"));
  symlinkSync("gone", join(root, "dangling"));
  symlinkSync("sub/a/b", join(root, "through a file"));
  symlinkSync("..", join(root, "sub/parent"));
  symlinkSync("self", join(root, "self"));
  symlinkSync(root, join(outside, "deep/data"));
  const [saved, left] = await savedAndLeft(root, { links: "follow" });
  assertEquals(saved, [
    "run executable x",
    "sub/a - a",
    "sub/again - a",
    "there/deep/b - b",
    "there/run executable x",
  ]);
  assertEquals(left.map(({ path, reason }) => `${path}: ${reason}`), [
    "dangling: broken link",
    "self: looping link",
    "sub/parent: looping link",
    "there/deep/data: looping link",
    "there/pipe: special",
    "through a file: broken link",
  ]);
});

inFolder("a path that is a link is followed if links are, under its own name", async (root) => {
  write(root, "real/a");
  symlinkSync("real", join(root, "folder"));
  symlinkSync("real/a", join(root, "file"));
  assertEquals(await listed(join(root, "folder"), { links: "follow" }), ["a - real/a"]);
  assertEquals(await listed(join(root, "file"), { links: "follow" }), ["file - real/a"]);
  await fails("NotFound", () => save(join(root, "gone"), { links: "follow" }));
});

Deno.test("an unknown word of an option is Invalid, and the hint lists the known ones", async () => {
  for (const options of [{ links: "all" }, { unreadable: "keep" }]) {
    const error = await fails("Invalid", () => localPath("/x", options as LocalPathOptions));
    assertStringIncludes(error.hint!, "skip");
  }
});

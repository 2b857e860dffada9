// Cases about folders, links, moves and paths.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isRegistryError } from "../../../core/errors.ts";
import { type FileStoreCase, read, refused, text, tree } from "./file_store_case.ts";
import { given } from "../given.ts";

export const folderCases: readonly FileStoreCase[] = [
  given("list() is in the order of the bytes of the names, folders with /", async ({ files }) => {
    const names = "B,a,a b,a#,a%2F,a.b,a0,é,～,😀,a+,a+folder#,a+folder0,a=,con.x".split(",");
    names.push("a,b");
    for (const name of names) await files.write(`f/${name}`, text(name));
    await files.write("f/a+folder/inside/deep", text("x"));
    const encoder = new TextEncoder();
    const sorted = [...names, "a+folder/"].sort((a, b) => {
      const [x, y] = [encoder.encode(a), encoder.encode(b)];
      const at = x.findIndex((byte, i) => byte !== y[i]);
      return at < 0 ? x.length - y.length : x[at] - (y[at] ?? -1);
    });
    const listed = await Array.fromAsync(files.list("f"));
    const expected = sorted.map((name) => `f/${name.replace("/", "")}`);
    deepStrictEqual(listed.map(({ path }) => path), expected);
    for (const entry of listed) deepStrictEqual(entry, await files.stat(entry.path));
    for (const name of names) strictEqual(await read(files, `f/${name}`), name);
  }),
  given("list() of a missing folder is NotFound", async ({ files }) => {
    await files.write("a/b", text("x"));
    for (const path of ["c", "a/b", "a/b/c", "a/bb"]) {
      await refused(files, "NotFound", () => Array.fromAsync(files.list(path)));
    }
  }),
  given("createFolder() creates parents too, and is idempotent", async ({ files }) => {
    for (let n = 0; n < 2; n++) await files.createFolder("a/b/c");
    await files.createFolder("");
    deepStrictEqual(await tree(files), ["a/", "a/b/", "a/b/c/"]);
    deepStrictEqual(await files.stat("a/b/c"), { path: "a/b/c", kind: "folder", size: 0 });
    deepStrictEqual(await Array.fromAsync(files.list("a/b/c")), []);
  }),
  given("a write over a folder, or below a file, is a Conflict", async ({ files }) => {
    await files.write("a/b", text("x"));
    await files.createLink("link", "a");
    for (const mode of ["create", "overwrite"] as const) {
      await refused(files, "Conflict", () => files.write("a", text("y"), { mode }));
      await refused(files, "Conflict", () => files.write("a/b/c", text("y"), { mode }));
      await refused(files, "Conflict", () => files.write("link/c", text("y"), { mode }));
    }
    await refused(files, "Conflict", () => files.write("", text("y")));
    for (const path of ["a/b", "a/b/c", "link", "link/c"]) {
      await refused(files, "Conflict", () => files.createFolder(path));
    }
    await refused(files, "Conflict", () => files.createLink("a/b/c", "a"));
    strictEqual(await read(files, "a/b"), "x");
  }),
  given("remove() of a folder that is not empty is a Conflict", async ({ files }) => {
    await files.write("a/b/c", text("x"));
    for (const path of ["", "a", "a/b"]) {
      await refused(files, "Conflict", () => files.remove(path));
    }
    strictEqual(await files.remove("a/b/c"), true);
    strictEqual(await files.remove("a/b"), true);
    deepStrictEqual(await tree(files), ["a/"]);
    strictEqual(await files.remove("a"), true);
    strictEqual(await files.remove("a"), false);
    deepStrictEqual(await tree(files), []);
  }),
  given("removeFolder(), if implemented, removes a folder with its content", async ({ files }) => {
    if (files.removeFolder === undefined) return;
    for (const path of ["a/b/c", "a/b/d/e", "a/bb", "a/b.x"]) await files.write(path, text(path));
    await files.createFolder("a/b/empty");
    await files.createLink("a/b/link", "a/bb");
    for (let n = 0; n < 2; n++) await files.removeFolder("a/b");
    deepStrictEqual(await tree(files), ["a/", "a/b.x", "a/bb"]);
    await refused(files, "Invalid", () => files.removeFolder!("../a"));
    await files.removeFolder("a");
    deepStrictEqual(await tree(files), []);
    await files.write("f/g", text("x"));
    await files.removeFolder("");
    deepStrictEqual(await tree(files), []);
  }),
  given("a link is listed with its target, which may be missing", async ({ files }) => {
    await files.write("a/b", text("x"));
    await files.createLink("links/to file", "a/b");
    await files.createLink("links/to folder", "a");
    await files.createLink("links/to nothing", "c/d");
    await files.createLink("links/itself", "links/itself");
    await files.createLink("to root", "");
    deepStrictEqual(await tree(files), [
      "a/",
      "a/b",
      "links/",
      "links/itself->links/itself",
      "links/to file->a/b",
      "links/to folder->a",
      "links/to nothing->c/d",
      "to root->",
    ]);
    const link = { path: "links/to file", kind: "link", size: 0, target: "a/b" };
    deepStrictEqual(await files.stat("links/to file"), link);
  }),
  given("a link is never followed", async ({ files }) => {
    await files.write("a/b", text("x"));
    await files.createLink("file", "a/b");
    await files.createLink("folder", "a");
    for (const path of ["file", "folder", "folder/b"]) {
      await refused(files, "NotFound", () => files.open(path));
    }
    for (const path of ["file", "folder"]) {
      await refused(files, "NotFound", () => Array.fromAsync(files.list(path)));
    }
    strictEqual(await files.stat("folder/b"), undefined);
    strictEqual(await files.remove("folder/b"), false);
    const create = () => files.write("file", text("y"), { mode: "create" });
    await refused(files, "AlreadyExists", create);
    await files.write("file", text("y"));
    strictEqual(await read(files, "file"), "y", "the link was replaced");
    strictEqual(await read(files, "a/b"), "x");
    strictEqual(await files.remove("folder"), true);
    deepStrictEqual(await tree(files), ["a/", "a/b", "file"]);
  }),
  given("createLink() needs a free path", async ({ files }) => {
    await files.write("a/b", text("x"));
    await files.createLink("c", "a");
    for (const path of ["a", "a/b", "c"]) {
      await refused(files, "AlreadyExists", () => files.createLink(path, "a/b"));
    }
  }),
  given("a write whose folder becomes a link does not follow it", async ({ files }) => {
    const source = { size: 1, stream: () => new Blob(["x"]).stream() };
    for (const content of [text("x"), new Blob(["x"]), source]) {
      await files.createFolder("a");
      await files.createFolder("b");
      const others = [files.remove("a"), files.createLink("a", "b")];
      const write = files.write("a/file", content);
      const more = [files.remove("a"), files.createLink("a", "b")];
      const [written] = await Promise.allSettled([write, ...others, ...more]);
      if (written.status === "rejected") {
        ok(isRegistryError(written.reason, "Conflict"), String(written.reason));
      }
      deepStrictEqual(await Array.fromAsync(files.list("b")), []);
      for (const path of ["a/file", "a", "b"]) await files.remove(path);
    }
  }),
  given("move() moves files, links, and folders with their content", async ({ files }) => {
    await files.write("a/b/c", text("x"));
    await files.createFolder("a/empty");
    await files.createLink("a/link", "a/b/d");
    await files.move("a/b/c", "a/b/d");
    await files.move("a", "e/f");
    const below = ["e/f/b/", "e/f/b/d", "e/f/empty/", "e/f/link->e/f/b/d"];
    deepStrictEqual(await tree(files), ["e/", "e/f/", ...below]);
    strictEqual(await read(files, "e/f/b/d"), "x");
    await files.move("e/f/link", "link");
    deepStrictEqual((await files.stat("link"))!.target, "e/f/b/d");
    await files.move("e/f/b/d", "d");
    const left = ["d", "e/", "e/f/", "e/f/b/", "e/f/empty/", "link->e/f/b/d"];
    deepStrictEqual(await tree(files), left);
  }),
  given("a link that leads out of the store after a move has no target", async ({ files }) => {
    await files.createFolder("a/b");
    await files.createLink("a/b/link", "x");
    await files.move("a/b", "c");
    deepStrictEqual(await files.stat("c/link"), { path: "c/link", kind: "link", size: 0 });
    for (const [from, to] of [["c/link", "d/e/f/link"], ["d/e/f/link", "link"]]) {
      await files.move(from, to);
      deepStrictEqual(await files.stat(to), { path: to, kind: "link", size: 0 });
    }
  }),
  given("move() needs a source and a free target", async ({ files }) => {
    await files.write("a/b", text("x"));
    await files.write("c", text("y"));
    await files.createFolder("empty");
    for (const to of ["c", "empty", "a/b"]) {
      await refused(files, "AlreadyExists", () => files.move("a/b", to));
    }
    await refused(files, "Conflict", () => files.move("a", "a/d"));
    await refused(files, "Conflict", () => files.move("a/b", "c/d"));
    for (const from of ["d", "a/b/c", ""]) {
      await refused(files, "NotFound", () => files.move(from, "e"));
    }
    strictEqual(await read(files, "a/b"), "x");
  }),
  given("paths never lead out of the store", async ({ files }) => {
    await files.write("./a//b/./c/", text("x"));
    deepStrictEqual(await tree(files), ["a/", "a/b/", "a/b/c"]);
    strictEqual(await read(files, "a/b/c"), "x");
    const bad = ["../a", "a/../b", "/a", "a\\b", "a/\0", "..", "C:/a", "a/.holdfast-x"];
    bad.push(".holdfast-x/a", "\ud800", "x".repeat(241), `${"long/".repeat(180)}x`);
    for (const path of bad) {
      const calls: (() => Promise<unknown>)[] = [
        () => files.write(path, text("x")),
        () => files.open(path),
        () => files.stat(path),
        () => Array.fromAsync(files.list(path)),
        () => files.createFolder(path),
        () => files.createLink(path, "a"),
        () => files.createLink("l", path),
        () => files.remove(path),
        () => files.move("a", path),
        () => files.move(path, "e"),
      ];
      await refused(files, "Invalid", ...calls);
    }
  }),
];

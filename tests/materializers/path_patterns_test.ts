import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdirSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder, type LeftOut, localPath, type LocalPathOptions } from "../../materializers/mod.ts";
import { openRegistry } from "../../mod.ts";
import { canMountDead, withMounts } from "../disk/with_mounts.ts";
import { inUtf16 } from "../support/strings/in_utf16.ts";
import { fails, savedBy } from "./fake_artifact.ts";
import { inFolder, save, write } from "./in_folder.ts";

/** The reader of patterns is loaded by name, so no bundle contains it: these tests run on Deno alone. */
const isDeno = Deno.version !== undefined;

/** The paths that are saved, and those that are not with the reason. */
async function chosen(
  root: string,
  options: LocalPathOptions = {},
): Promise<[saved: string[], left: string[]]> {
  const left: LeftOut[] = [];
  const saved = await save(root, { ...options, onLeftOut: (entry) => left.push(entry) });
  return [
    saved.map(({ path }) => path),
    left.map(({ path, reason }) => `${path}: ${reason}`).sort(),
  ];
}

inFolder(
  "a pattern of an option with an open bracket is refused, one of a file is not",
  async (root) => {
    for (const path of ["a", "[a-"]) write(root, path);
    for (const options of [{ include: "[a-" }, { exclude: ["a", "x[!"] }]) {
      const saving = () => save(root, options);
      assertMatch((await fails("Invalid", saving)).message, /it has \[ without \]/);
      const registry = await openRegistry("memory:");
      const { version } = await registry.save("n", localPath(root));
      const downloading = () =>
        registry.download("n", { ...options, version, to: join(root, "to") });
      assertMatch((await fails("Invalid", downloading)).message, /it has \[ without \]/);
      await registry.close();
    }
    assertEquals((await chosen(root, { exclude: ["\\[a-", "[!b]x"] }))[0], ["a"]);
    write(root, ".holdfastignore", "[a-\na\n");
    assertEquals((await chosen(root))[0], [".holdfastignore", "[a-"]);
  },
);

inFolder(
  "a pattern that no path can match is refused, so nothing is saved in spite of it",
  async (root) => {
    for (const path of ["a", "secrets/key", "a..b/.c"]) write(root, path);
    for (const exclude of ["./secrets", "!./a", "..", "../a", "secrets/./key", "secrets//key"]) {
      assertMatch(
        (await fails("Invalid", () => save(root, { exclude }))).message,
        /no path .* has/,
      );
    }
    assertEquals((await chosen(root, { exclude: ["/secrets", "a..b/"] }))[0], ["a"]);
    write(root, ".holdfastignore", "./a\n");
    assertEquals((await chosen(root, { exclude: ["secrets", ".*", "a..b"] }))[0], ["a"]);
  },
);

inFolder("include and exclude choose paths at any depth", async (root) => {
  const paths = ["a.csv", "b.bin", "raw/c.bin", "raw/deep/d.csv", "x/raw/e", "x/f.csv"];
  for (const path of paths) write(root, path);
  mkdirSync(join(root, "none"));
  symlinkSync("b.bin", join(root, "l.csv"));
  const csvs = ["a.csv", "l.csv", "raw/deep/d.csv", "x/f.csv"];
  assertEquals((await chosen(root, { include: "*.csv" }))[0], csvs);
  assertEquals(await chosen(root, { include: ["raw/"], exclude: ["*.csv"] }), [
    ["raw/c.bin", "raw/deep", "x/raw/e"],
    [...csvs.map((path) => `${path}: excluded`), "b.bin: not included"].sort(),
  ]);
  assertEquals((await chosen(root, { include: "/raw" }))[0], ["raw/c.bin", "raw/deep/d.csv"]);
  assertEquals(await chosen(root, { exclude: ["/raw", "x/"] }), [
    ["a.csv", "b.bin", "l.csv", "none"],
    ["raw/: excluded", "x/: excluded"],
  ]);
  const [only] = await chosen(root, { exclude: ["*", "!*/", "!e"] });
  assertEquals(only, ["none", "raw/deep", "x/raw/e"]);
  assertEquals((await chosen(root, { include: [], exclude: [] }))[1], []);
  const error = await fails("Invalid", () => save(root, { include: "*.cvs" }));
  assertStringIncludes(error.message, "no file matches");
}, { ignore: !isDeno });

inFolder("patterns of a path decide which folders may contain included files", async (root) => {
  for (const path of ["a/x/f", "a/y/f", "b/x/f", "b*/x/f"]) write(root, path);
  const of = async (include: string | string[]) => (await chosen(root, { include }))[0];
  assertEquals(await of("/a/x"), ["a/x/f"]);
  assertEquals(await of("a/x/"), ["a/x/f"]);
  assertEquals(await of("a/*/f"), ["a/x/f", "a/y/f"]);
  assertEquals(await of("**/x/f"), ["a/x/f", "b*/x/f", "b/x/f"]);
  assertEquals(await of("/?/x"), ["a/x/f", "b/x/f"]);
  assertEquals(await of("/b\\*/x"), ["b*/x/f"]);
  assertEquals(await of(["/a/", "!/a/y", "f"]), ["a/x/f", "a/y/f", "b*/x/f", "b/x/f"]);
  await fails("Invalid", () => of("x/f"));
}, { ignore: !isDeno });

inFolder("a mount whose server is gone may be left out", (root) =>
  withMounts(async (mounts) => {
    for (const path of ["a", "data/b", "raw/c", "gone/deep/x", "sub/gone/x"]) write(root, path);
    for (const path of ["gone", "sub/gone"]) mounts.dead(join(root, path));
    symlinkSync("gone", join(root, "link"));
    const rest = ["a", "data/b", "link", "raw/c", "sub"];
    for (const exclude of ["gone", "gone/", ["/gone", "sub/gone"], "**/gone/"]) {
      const [saved, left] = await chosen(root, { exclude });
      assertEquals([saved, left], [rest, ["gone/: excluded", "sub/gone/: excluded"]]);
    }
    const followed = await chosen(root, { exclude: ["gone", "link/"], links: "follow" });
    assertEquals(followed[0], ["a", "data/b", "raw/c", "sub"]);
    assertEquals((await chosen(root, { include: ["/data", "raw/c"] }))[0], ["data/b", "raw/c"]);
    write(root, ".holdfastignore", "gone\n");
    assertEquals((await chosen(root))[0], [".holdfastignore", ...rest]);
    write(root, ".gitignore", "gone/\n");
    const git = await chosen(root, { all: true, gitignore: true });
    assertEquals(git[0], [".gitignore", ".holdfastignore", ...rest]);
    const refused = await fails("Unavailable", () => save(root, { all: true }));
    assertStringIncludes(refused.message, "its mount does not answer");
  }), { ignore: !isDeno || !canMountDead });

inFolder(
  "a pattern with an inner slash is relative to its file, others match at any depth",
  async (root) => {
    for (const path of ["raw/a", "sub/raw/b", "sub/x/raw/c", "sub/x/y", "sub/x/sub/x/y", "sub/z"]) {
      write(root, path);
    }
    write(root, "sub/.holdfastignore", "raw/\nx/y\n");
    const saved = ["raw/a", "sub/.holdfastignore", "sub/x/sub/x/y", "sub/z"];
    assertEquals((await chosen(root, {}))[0], saved);
  },
  { ignore: !isDeno },
);

inFolder("a .holdfastignore counts in its folder and below, the nearest one most", async (root) => {
  const paths = ["a.tmp", "keep.tmp", "sub/b.tmp", "sub/c", "sub/deep/d.tmp", "top", "sub/top"];
  for (const path of paths) write(root, path);
  write(root, ".holdfastignore", "# temporary\r\n*.tmp\r\n/top\n!keep.tmp");
  write(root, "sub/.holdfastignore", "\ufeffc\n!b.tmp\n");
  write(root, ".gitignore", "keep.tmp");
  const saved = (".gitignore .holdfastignore keep.tmp sub/.holdfastignore sub/b.tmp sub/deep " +
    "sub/top").split(" ");
  const left = ["a.tmp: ignored", "sub/c: ignored", "sub/deep/d.tmp: ignored", "top: ignored"];
  assertEquals(await chosen(root), [saved, left]);
  assertEquals((await chosen(root, { all: true }))[1], []);
  assertEquals((await chosen(root, { exclude: "!a.tmp" }))[1], left.slice(1));
  const [, byGit] = await chosen(root, { gitignore: true, all: true });
  assertEquals(byGit, ["keep.tmp: ignored"]);
  assertEquals((await chosen(root, { gitignore: true }))[1], left, "Holdfast's own counts more");
}, { ignore: !isDeno });

inFolder(
  "ignore files may be UTF-16; a pattern that is neither this nor UTF-8 is refused",
  async (root) => {
    for (const path of ["clé", "b"]) write(root, path);
    for (const file of [".holdfastignore", ".gitignore"]) {
      writeFileSync(join(root, file), inUtf16("clé\r\n"));
      assertEquals((await chosen(root, { gitignore: true }))[1], ["clé: ignored"]);
      const latin1 = Uint8Array.from("# clé\r\ncl\xe9\r\n", (letter) => letter.charCodeAt(0));
      writeFileSync(join(root, file), latin1);
      const refused = await fails("Invalid", () => save(root, { gitignore: true }));
      assertStringIncludes(refused.message, `${file}": line 2 is not UTF-8`);
      writeFileSync(join(root, file), latin1.slice(0, 7)); // a comment
      assertEquals((await chosen(root, { gitignore: true }))[1], []);
    }
    const unmarked = inUtf16("clé\r\n").slice(2);
    writeFileSync(join(root, ".gitignore"), unmarked);
    await fails("Invalid", () => save(root, { gitignore: true }));
  },
  { ignore: !isDeno },
);

inFolder("patterns of a folder with an odd name mean that folder alone", async (root) => {
  for (const odd of ["[ab]", "x*", "!n", "#h", "a b", "q?"]) {
    write(root, `${odd}/a`);
    write(root, `${odd}/kept/b`);
    write(root, `${odd}/.holdfastignore`, "/a\nkept/*\n!kept/b\n\\#x");
  }
  write(root, "a/a");
  write(root, "xy/a");
  const [saved, left] = await chosen(root);
  const ignored = ["!n/a", "#h/a", "[ab]/a", "a b/a", "q?/a", "x*/a"];
  assertEquals(left, ignored.map((path) => `${path}: ignored`));
  assertEquals(saved.filter((path) => path.endsWith("/a")), ["a/a", "xy/a"]);
}, { ignore: !isDeno });

inFolder("git history, registries and caches are left out by default", async (root) => {
  write(root, "a");
  write(root, ".git/config");
  write(root, "module/.git", "gitdir: elsewhere");
  write(root, "module/settings/notes.rec");
  write(root, "tmp/cache/secret", "0a".repeat(32));
  write(root, "tmp/cache/records/01234567-89ab-cdef-0123-456789abcdef/00/entry");
  write(root, "module/records/secret", "0a".repeat(32));
  const registry = await openRegistry(join(root, "runs/registry"), { durability: "os" });
  try {
    const saved = await registry.save("tree", localPath(root));
    const { files } = await registry.info("tree");
    assertEquals(files.map(({ path }) => path), [
      ...["a", "module/records/secret", "module/settings/notes.rec", "runs", "tmp"],
    ]);
    await registry.save("tree", 1);
    assertEquals((await registry.save("tree", localPath(root))).digest, saved.digest);
  } finally {
    await registry[Symbol.asyncDispose]();
  }
  const expected = [
    ...[".git/: git", "module/.git: git", "runs/registry/: registry", "tmp/cache/: cache"],
  ];
  assertEquals((await chosen(root))[1], expected);
  const [paths, left] = await chosen(root, { all: true });
  assert(paths.includes(".git/config"));
  assert(paths.some((path) => path.includes("registry/settings/")));
  assertEquals(left, []);
  assert((await save(join(root, "runs/registry"))).length > 1, "one that is named is meant");
});

inFolder("leftovers of a killed download are never saved", async (root) => {
  const id = "01234567-89ab-cdef-0123-456789abcdef";
  const left = [`.holdfast-0a1b2c3d-4711.0a1b2c3d-${id}/`];
  left.push(`.holdfast-${id}/`, `sub/.holdfast-${id}/`);
  for (const folder of left) write(root, `${folder}files/half`);
  write(root, ".holdfast-0"); // somebody's own
  write(root, `sub/.holdfast-${id.replace("0", "f")}`);
  write(root, ".holdfast-runs/1");
  write(root, "a");
  const paths = [".holdfast-0", ".holdfast-runs/1", "a", "sub"];
  const file = `sub/.holdfast-${id.replace("0", "f")}`;
  const entries = [...left, file].map((path) => `${path}: unfinished`).sort();
  for (const all of [false, true]) assertEquals(await chosen(root, { all }), [paths, entries]);
  assertEquals((await chosen(root, { links: "follow" }))[1], entries);
});

inFolder("the digest is of what is kept only", async (root) => {
  const digest = async (options?: LocalPathOptions) =>
    (await savedBy<unknown>(folder(), localPath(root, options))).info.digest;
  write(root, "a");
  const before = await digest();
  write(root, "junk.log");
  write(root, "cache/x");
  assertEquals(await digest({ exclude: ["*.log", "cache/"] }), before);
  assertEquals(await digest({ include: "/a" }), before);
  assertEquals(await digest() === before, false);
}, { ignore: !isDeno });

inFolder(
  "followed links are chosen by their target, and a bad name can be left out",
  async (root) => {
    write(root, "../outside/b");
    write(root, "a");
    symlinkSync("../outside", join(root, "there"));
    symlinkSync("gone", join(root, "dangling"));
    const exclude = ["there/", "dangling"];
    const left = ["dangling: excluded", "there/: excluded"];
    assertEquals(await chosen(root, { links: "follow", exclude }), [["a"], left]);
    assertEquals((await chosen(root, { exclude }))[0], ["a", "there"], "a link is not a folder");
    write(root, "bad\\name");
    const error = await fails("Invalid", () => save(root));
    assertStringIncludes(error.hint!, "exclude");
    assertEquals((await chosen(root, { exclude: "bad*" }))[0], ["a", "dangling", "there"]);
  },
  { ignore: !isDeno },
);

inFolder("localPath() refuses unknown options", async (root) => {
  const options = { exlude: ["secrets/"] } as LocalPathOptions;
  const { message } = await fails("Invalid", () => localPath(root, options));
  assertStringIncludes(message, "exlude: did you mean exclude?");
});

inFolder("a folder with a time is downloaded with its chosen files", async (root) => {
  const registry = await openRegistry("memory:");
  for (const path of ["full/a", "full/deep/large", "next/b"]) write(root, path);
  mkdirSync(join(root, "empty"));
  utimesSync(join(root, "full/deep"), 2.5, 2.5);
  await registry.save("kept", localPath(root, { preserve: ["times"] }));
  const some = join(root, "../some");
  await registry.download("kept", { to: some, include: ["large"] });
  const found = readdirSync(some, { recursive: true }).sort();
  assertEquals(found, ["full", "full/deep", "full/deep/large"]);
  assertEquals(Math.round(statSync(join(some, "full/deep")).mtimeMs), 2500);
  const others = join(root, "../others");
  await registry.download("kept", { to: others, exclude: ["large", "next/b"] });
  assertEquals(readdirSync(others).sort(), ["empty", "full"]);
  assertEquals(readdirSync(join(others, "full")), ["a"]);
}, { ignore: !isDeno });

import { assertEquals, assertStringIncludes } from "@std/assert";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { cliTest } from "../../captured_io.ts";

/** A folder as people have them. */
async function tree(folder: string): Promise<void> {
  await Deno.mkdir(join(folder, "sub/empty"), { recursive: true });
  await Deno.writeTextFile(join(folder, "a.txt"), "a");
  await Deno.writeTextFile(join(folder, "sub/b.txt"), "b");
  await Deno.symlink("sub/b.txt", join(folder, "inside"));
  await Deno.symlink("/etc/hostname", join(folder, "sub/away"));
  await Deno.symlink("../gone", join(folder, "sub/dangling"));
  execFileSync("mkfifo", [join(folder, "pipe")]);
}

cliTest("save keeps links and reports special files", async (it) => {
  await it.succeeds("init");
  await tree(it.root.join("tree"));
  const { code, out, err } = await it.holdfast("save t tree");
  assertEquals([code, out.startsWith("Saved t@1.0.0 (")], [0, true], err);
  const line = "Left out 2: 1 × pipe, socket or device (pipe); 1 × content of a link to outside " +
    "the folder (sub/away). --links follow saves the content of links\n";
  assertEquals(err, line);
  const leftOut = [
    { path: "pipe", reason: "special" },
    { path: "sub/away", reason: "linked content", target: "/etc/hostname" },
  ];
  for (const flag of ["", "-n"]) {
    assertEquals((await it.holdfast(`save t tree ${flag}`)).err, line);
    const saved = await it.json(`save t tree --json ${flag}`);
    assertEquals(new Set(saved.leftOut), new Set(leftOut));
  }
  assertEquals((await it.holdfast("save t tree --quiet")).err, "");
});

cliTest("download writes only links within the folder", async (it) => {
  await it.succeeds("init");
  await tree(it.root.join("tree"));
  await it.succeeds("save t tree -q");
  const { code, err } = await it.holdfast("download t safe");
  assertEquals([code, err], [
    0,
    "Left out 1: 1 × link to outside the folder (sub/away). --links unsafe writes them\n",
  ]);
  assertEquals(await Deno.readLink(it.root.join("safe/inside")), "sub/b.txt");
  const names = (folder: string) =>
    Array.from(Deno.readDirSync(it.root.join(folder)), ({ name }) => name).sort();
  assertEquals(names("safe/sub"), ["b.txt", "dangling", "empty"]);
  await it.succeeds("download t all --links unsafe");
  assertEquals(await Deno.readLink(it.root.join("all/sub/away")), "/etc/hostname");
  const { leftOut } = await it.json("download t none --links skip --json");
  assertEquals(leftOut.map(({ path }: { path: string }) => path), [
    "inside",
    "sub/away",
    "sub/dangling",
  ]);
});

cliTest("--links decides what save keeps", async (it) => {
  await it.succeeds("init");
  await tree(it.root.join("tree"));
  const { err } = await it.holdfast("save f tree --links follow");
  assertStringIncludes(
    err,
    "Left out 2: 1 × pipe, socket or device (pipe); 1 × broken link (sub/dangling)",
  );
  await it.prints("cat f inside", "b");
  assertStringIncludes(
    (await it.holdfast("save s tree --links skip")).err,
    "3 × link (inside, sub/",
  );
  await it.fails("save r tree --links refuse", 1, "hint: ");
});

cliTest("patterns and ignore files select what save keeps", async (it) => {
  await it.succeeds("init");
  await tree(it.root.join("tree"));
  await Deno.remove(it.root.join("tree/pipe"));
  for (const name of ["1.log", "2.log", "3.log", "4.log"]) {
    await Deno.writeTextFile(it.root.join("tree", name), "");
  }
  await Deno.writeTextFile(it.root.join("tree/.gitignore"), "sub/");
  await Deno.writeTextFile(it.root.join("tree/.holdfastignore"), "*.log");
  await Deno.mkdir(it.root.join("tree/.git"));
  const left = async (flags: string) => (await it.holdfast(`save t tree ${flags}`)).err;
  assertEquals(
    await left("--exclude a.* --exclude inside"),
    [
      "Left out 8: 1 × content of a link to outside the folder (sub/away); 4 × ignored (1.log, 2.log, 3.log, …); 2 × excluded (a.txt, inside); 1 × git history (.git/). --links follow saves the content of links\n",
    ].join(),
  );
  const names = async () => (await it.succeeds("info t --json")).match(/"path":"[^"]*"/g)!.length;
  assertEquals(await names(), 6);
  assertStringIncludes(await left("--gitignore"), "5 × ignored");
  assertStringIncludes(await left("--all"), "Left out 1: 1 × content of a link");
  assertEquals(await names(), 13);
  assertStringIncludes(await left("--all --include *.txt"), "not included");
  assertEquals(await names(), 2);
});

cliTest(
  "unprivileged: an unreadable file ends a save, or with --skip-unreadable only itself",
  async (it) => {
    await it.succeeds("init");
    await Deno.mkdir(it.root.join("tree"));
    await Deno.writeTextFile(it.root.join("tree/a"), "a");
    await Deno.writeTextFile(it.root.join("tree/secret"), "b", { mode: 0 });
    await it.each([
      ["save t tree", 6, "tree/secret", "Make it readable", "Or save the rest: --skip-unreadable"],
      ["save t tree --skip-unreadable", 9, "Saved t@1.0.0", "1 × not readable (secret)"],
      ["info t@1.0.0 --json", 0, `"path":"a"`],
      ["save t tree/secret", 6, /hint: Make it readable: check its owner and permissions\.\n/],
      ["save t tree --skip-unreadable --exclude secret", 0],
    ]);
  },
  { ignore: process.getuid?.() === 0 },
); // root may read everything

cliTest("save omits the registry itself", async (it) => {
  await it.succeeds("init");
  await Deno.writeTextFile(it.root.join("a"), "a");
  const { code, err } = await it.holdfast("save here .");
  assertEquals([code, err], [0, "Left out 1: 1 × registry (.holdfast/)\n"]);
});

cliTest("--preserve times keeps modification times", async (it) => {
  await it.succeeds("init");
  await Deno.mkdir(it.root.join("tree"));
  await Deno.writeTextFile(it.root.join("tree/a"), "a");
  await Deno.utime(it.root.join("tree/a"), 1_000, 1_000);
  await it.succeeds("save t tree --preserve times");
  await it.succeeds("download t copy");
  assertEquals((await Deno.stat(it.root.join("copy/a"))).mtime, new Date(1_000_000));
  await it.tells("save t copy --preserve times --skip-if-unchanged", "Kept t@1.0.0");
  await it.tells("save t copy --skip-if-unchanged", "Saved t@2.0.0");
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { tempRoot } from "../../support/temp_root.ts";
import { holdfast, succeeds } from "../captured_io.ts";

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

Deno.test("a tree is saved as it is: links are kept, and what has no content is told", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await tree(root.join("tree"));
  const { code, out, err } = await holdfast("save t tree", { cwd });
  assertEquals([code, out.startsWith("Saved t@1.0.0 (")], [0, true], err);
  assertEquals(err, "Left out 1: 1 × pipe, socket or device (pipe)\n");
  const saved = JSON.parse(await succeeds("save t tree --json", { cwd }));
  assertEquals(saved.leftOut, [{ path: "pipe", reason: "special" }]);
  assertEquals((await holdfast("save t tree --quiet", { cwd })).err, "");
});

Deno.test("download writes links that stay inside, tells of the others, and writes them where that is asked", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await tree(root.join("tree"));
  await succeeds("save t tree -q", { cwd });
  const { code, err } = await holdfast("download t safe", { cwd });
  assertEquals([code, err], [
    0,
    "Left out 1: 1 × link that leads outside (sub/away). --links unsafe writes them\n",
  ]);
  assertEquals(await Deno.readLink(root.join("safe/inside")), "sub/b.txt");
  const names = (folder: string) =>
    Array.from(Deno.readDirSync(root.join(folder)), ({ name }) => name).sort();
  assertEquals(names("safe/sub"), ["b.txt", "dangling", "empty"]);
  await succeeds("download t all --links unsafe", { cwd });
  assertEquals(await Deno.readLink(root.join("all/sub/away")), "/etc/hostname");
  const { leftOut } = JSON.parse(await succeeds("download t none --links skip --json", { cwd }));
  assertEquals(leftOut.map(({ path }: { path: string }) => path), [
    "inside",
    "sub/away",
    "sub/dangling",
  ]);
});

Deno.test("links are followed, skipped or refused as --links says, and pipes as --special", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await tree(root.join("tree"));
  const { err } = await holdfast("save f tree --links follow", { cwd });
  assertStringIncludes(
    err,
    "Left out 2: 1 × pipe, socket or device (pipe); 1 × link that leads nowhere (sub/dangling)",
  );
  assertEquals(await succeeds("cat f inside", { cwd }), "b");
  assertStringIncludes(
    (await holdfast("save s tree --links skip", { cwd })).err,
    "3 × link (inside, sub/",
  );
  for (const flag of ["--links refuse", "--special refuse"]) {
    const refused = await holdfast(`save r tree ${flag}`, { cwd });
    assertEquals(refused.code, 1, refused.err);
    assertStringIncludes(refused.err, "hint: ");
  }
});

Deno.test("patterns, ignore files and --all say what of a folder is saved, and one line tells what is not", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await tree(root.join("tree"));
  await Deno.remove(root.join("tree/pipe"));
  for (const name of ["1.log", "2.log", "3.log", "4.log"]) {
    await Deno.writeTextFile(root.join("tree", name), "");
  }
  await Deno.writeTextFile(root.join("tree/.gitignore"), "sub/");
  await Deno.writeTextFile(root.join("tree/.holdfastignore"), "*.log");
  await Deno.mkdir(root.join("tree/.git"));
  const left = async (flags: string) => (await holdfast(`save t tree ${flags}`, { cwd })).err;
  assertEquals(
    await left("--exclude a.* --exclude inside"),
    [
      "Left out 7: 4 × ignored (1.log, 2.log, 3.log, …); 2 × excluded (a.txt, inside); 1 × history of git (.git/)\n",
    ].join(),
  );
  const names = async () =>
    (await succeeds("info t --json", { cwd })).match(/"path":"[^"]*"/g)!.length;
  assertEquals(await names(), 6);
  assertStringIncludes(await left("--gitignore"), "5 × ignored");
  assertEquals(await left("--all"), "");
  assertEquals(await names(), 13);
  assertStringIncludes(await left("--no-ignore-files --include *.txt"), "not included");
  assertEquals(await names(), 2);
});

Deno.test("the folder that holds the registry can be saved: the registry itself is left out", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await Deno.writeTextFile(root.join("a"), "a");
  const { code, err } = await holdfast("save here .", { cwd });
  assertEquals([code, err], [0, "Left out 1: 1 × registry (.holdfast/)\n"]);
});

Deno.test("--preserve times brings back when files were modified, and tells versions apart by it", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await Deno.mkdir(root.join("tree"));
  await Deno.writeTextFile(root.join("tree/a"), "a");
  await Deno.utime(root.join("tree/a"), 1_000, 1_000);
  await succeeds("save t tree --preserve times", { cwd });
  await succeeds("download t copy", { cwd });
  assertEquals((await Deno.stat(root.join("copy/a"))).mtime, new Date(1_000_000));
  assertStringIncludes(
    await succeeds("save t copy --preserve times --skip-if-unchanged", { cwd }),
    "Kept t@1.0.0",
  );
  assertStringIncludes(await succeeds("save t copy --skip-if-unchanged", { cwd }), "Saved t@2.0.0");
});

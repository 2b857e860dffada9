import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../support/temp_root.ts";
import { walkFiles } from "../walk_files.ts";
import { fillRegistry, holdfast, noise, succeeds } from "../captured_io.ts";

Deno.test("cat writes the exact bytes of a file", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  assertEquals((await holdfast("cat data:raw inner/b.bin", { cwd })).bytes, Uint8Array.of(0, 1));
  assertEquals(await succeeds("cat note", { cwd }), "hello");
  const stdin = noise(50_001);
  await succeeds("save big - --compress gzip", { cwd, stdin });
  assertEquals((await holdfast("cat big", { cwd })).bytes, stdin);
  await succeeds("cat big -o big.bin", { cwd });
  assertEquals(await Deno.readFile(root.join("big.bin")), stdin);
});

Deno.test("cat asks which file, and lists what there is where a file is missing", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const many = await holdfast("cat data:raw", { cwd });
  assertEquals(many.code, 2);
  assertStringIncludes(many.err, "hint: Name one: a.csv, inner/b.bin");
  const missing = await holdfast("cat data:raw b.bin", { cwd });
  assertEquals(missing.code, 3);
  assertStringIncludes(missing.err, "a.csv");
});

Deno.test("cat says in plain words where its output cannot be, and leaves nothing there", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await Deno.mkdir(root.join("there"));
  for (
    const [place, problem] of [["there", "it is a folder"], [
      "nowhere/out",
      "there is no such folder",
    ]]
  ) {
    const { code, err } = await holdfast(`cat note -o ${place}`, { cwd });
    assertEquals(code, problem === "it is a folder" ? 2 : 3, err);
    assertStringIncludes(err, `error: Cannot write "${place}": ${problem}\nhint: Name a file`);
  }
  assertEquals(
    (await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name)).filter((it) =>
      /partial|out/.test(it)
    ),
    [],
  );
});

Deno.test("cat of damaged bytes ends with exit code 5", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await succeeds("save big -", { cwd, stdin: new Uint8Array(200_000) });
  await damageLargestFile(root.join(".holdfast"));
  const { code, err } = await holdfast("cat big", { cwd });
  assertEquals(code, 5, err);
  assertEquals((await holdfast("cat big -o out", { cwd })).code, 5);
  assertEquals(await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name), [".holdfast"]);
});

async function damageLargestFile(folder: string): Promise<void> {
  for await (const path of walkFiles(folder)) {
    if ((await Deno.stat(path)).size < 200_000) continue;
    using file = await Deno.open(path, { write: true });
    await file.seek(100, Deno.SeekMode.Start);
    await file.write(Uint8Array.of(1));
  }
}

Deno.test("cat --verify none gives damaged bytes as they are, and --verify takes no other word", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("save big -", { cwd, stdin: noise(100_000) });
  for await (const path of walkFiles(root.join(".holdfast"))) {
    if (path.includes("objects/") && (await Deno.stat(path)).size === 100_000) {
      await Deno.chmod(path, 0o600);
      await Deno.writeFile(path, new Uint8Array(100_000));
    }
  }
  assertEquals((await holdfast("cat big", { cwd })).code, 5);
  assertEquals((await holdfast("cat big --verify none", { cwd })).bytes, new Uint8Array(100_000));
  assertEquals((await holdfast("cat big --verify much", { cwd })).code, 2);
});

import { assertEquals } from "@std/assert";
import { walkFiles } from "../../walk_files.ts";
import { cliTest, filesIn, filledTest, noise } from "../../captured_io.ts";

filledTest("cat writes the exact bytes of a file", async (it) => {
  assertEquals((await it.holdfast("cat data:raw inner/b.bin")).bytes, Uint8Array.of(0, 1));
  await it.prints("cat note", "hello");
  const stdin = noise(50_001);
  await it.succeeds("save big - --compress gzip", { stdin });
  assertEquals((await it.holdfast("cat big")).bytes, stdin);
  await it.succeeds("cat big -o big.bin");
  assertEquals(await Deno.readFile(it.root.join("big.bin")), stdin);
});

filledTest("cat writes to a device, and never replaces it", async (it) => {
  await Deno.symlink("/dev/null", it.root.join("sink"));
  await it.succeeds("cat note -o sink");
  assertEquals(await Deno.readLink(it.root.join("sink")), "/dev/null");
  assertEquals((await filesIn(it.cwd)).filter((name) => name.startsWith("sink")), ["sink"]);
});

filledTest("cat asks which file, and lists what there is where a file is missing", async (it) => {
  await it.fails("cat data:raw", 2, 'hint: Name one: "a.csv", "inner/b.bin"');
  await it.fails("cat data:raw b.bin", 3, "a.csv");
});

cliTest("cat of damaged bytes ends with exit code 5", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save big -", { stdin: new Uint8Array(200_000) });
  await damageLargestFile(it.root.join(".holdfast"));
  const { code, err } = await it.holdfast("cat big");
  assertEquals(code, 5, err);
  await it.fails("cat big -o out", 5);
  assertEquals(await filesIn(it.cwd), [".holdfast"]);
});

async function damageLargestFile(folder: string): Promise<void> {
  for await (const path of walkFiles(folder)) {
    if ((await Deno.stat(path)).size < 200_000) continue;
    using file = await Deno.open(path, { write: true });
    await file.seek(100, Deno.SeekMode.Start);
    await file.write(Uint8Array.of(1));
  }
}

filledTest("cat --verify none prints damaged bytes", async (it) => {
  await it.succeeds("save big -", { stdin: noise(100_000) });
  for await (const path of walkFiles(it.root.join(".holdfast"))) {
    if (path.includes("objects/") && (await Deno.stat(path)).size === 100_000) {
      await Deno.chmod(path, 0o600);
      await Deno.writeFile(path, new Uint8Array(100_000));
    }
  }
  await it.fails("cat big", 5);
  assertEquals((await it.holdfast("cat big --verify none")).bytes, new Uint8Array(100_000));
  await it.fails("cat big --verify much", 2);
});

// Large files that Python sends: an upload goes on after a failure, by a note in the cache folder.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { canMount, smallDisk } from "../../support/small_disk.ts";
import { pythonTest, runProgram } from "../reader.ts";
import { serve } from "./serve.ts";

const LARGE = `
import pathlib, sys
import holdfast
try:
    print(holdfast.connect(sys.argv[1]).save(sys.argv[2], pathlib.Path("large.bin")).size)
except holdfast.HoldfastError as error:
    print(error.code)
`;

pythonTest("a large save goes on where an earlier one stopped", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  let pieces = 0;
  let broken = true;
  await using service = serve(registry, ({ method }) => {
    if (method === "PATCH") pieces++;
    return broken && pieces > 2 ? new Response("", { status: 400 }) : undefined;
  });
  await Deno.writeFile(root.join("large.bin"), new Uint8Array(40 * 2 ** 20));
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const run = (name = "large") =>
    runProgram(LARGE, { args: [service.url, name], cwd: root.path, env });
  assertEquals(await run(), ["Invalid"]);
  [pieces, broken] = [0, false];
  assertEquals(await run(), [String(40 * 2 ** 20)]);
  assertEquals(pieces, 3, "two of five pieces had arrived");
  pieces = 0;
  assertEquals(await run("other"), [String(40 * 2 ** 20)]);
  assertEquals(pieces, 5, "nothing is left of a save that is done");
});

pythonTest("a damaged note of an upload begins the upload again", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  let pieces = 0;
  await using service = serve(registry, ({ method }) => {
    return method === "PATCH" && ++pieces === 2 ? new Response("", { status: 400 }) : undefined;
  });
  await Deno.writeFile(root.join("large.bin"), new Uint8Array(20 * 2 ** 20));
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const damages = { ff: [0xff], zeros: new Array(32).fill(0) }; // as of a machine without power
  for (const [name, damage] of Object.entries(damages)) {
    const run = () => runProgram(LARGE, { args: [service.url, name], cwd: root.path, env });
    pieces = 0;
    assertEquals(await run(), ["Invalid"]);
    const [note] = await Array.fromAsync(Deno.readDir(root.join("cache/uploads")));
    await Deno.writeFile(root.join("cache/uploads", note!.name), Uint8Array.from(damage));
    assertEquals(await run(), [String(20 * 2 ** 20)]);
    assertEquals(pieces, 5);
  }
});

pythonTest("a save stays done if the note of its upload cannot be removed", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  const notes = root.join("cache/uploads");
  let moved = 0;
  await using service = serve(registry, ({ method, url }) => {
    if (method === "POST" && url.includes("/versions") && moved++ === 0) {
      Deno.renameSync(notes, `${notes}.moved`);
      Deno.writeTextFileSync(notes, "a file in its place");
    }
    return undefined;
  });
  await Deno.writeFile(root.join("large.bin"), new Uint8Array(9 * 2 ** 20));
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const args = [service.url, "large"];
  assertEquals(await runProgram(LARGE, { args, cwd: root.path, env }), [String(9 * 2 ** 20)]);
  assert(moved > 0);
});

if (canMount) {
  pythonTest("a large file is saved if the disk of the cache is full", async (root) => {
    await using registry = await openRegistry(root.join("registry"), { cache: false });
    await using service = serve(registry);
    await Deno.writeFile(root.join("large.bin"), new Uint8Array(9 * 2 ** 20));
    await using disk = await smallDisk(2 ** 16);
    await Deno.chmod(disk.path, 0o700);
    await Deno.mkdir(disk.join("uploads"));
    await assertRejects(() => Deno.writeFile(disk.join("filling"), new Uint8Array(2 ** 17)));
    const env = { HOLDFAST_PYTHON_CACHE: disk.path };
    const args = [service.url, "large"];
    assertEquals(await runProgram(LARGE, { args, cwd: root.path, env }), [String(9 * 2 ** 20)]);
  });
}

const SAVES_OF_ONE_FILE = `
import pathlib, sys, threading
import holdfast
from holdfast.client.sending import Sender

begin, one, both = Sender._begin, threading.Lock(), threading.Barrier(2)
def begin_both(*args):
    with one:
        begun = begin(*args)
    both.wait()
    return begun
Sender._begin = begin_both
sizes = {}
def save(name):
    sizes[name] = holdfast.connect(sys.argv[1]).save(name, pathlib.Path("large.bin")).size
threads = [threading.Thread(target=save, args=(name,)) for name in "ab"]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sorted(sizes.items()))
`;

pythonTest("two saves of one large file at once are two uploads", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  await using service = serve(registry);
  await Deno.writeFile(root.join("large.bin"), new Uint8Array(20 * 2 ** 20));
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const lines = await runProgram(SAVES_OF_ONE_FILE, { args: [service.url], cwd: root.path, env });
  assertEquals(lines, ["[('a', 20971520), ('b', 20971520)]"]);
});

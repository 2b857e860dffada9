// Programs that are killed while they send a large file to the service, and the saves after them.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { createHandler } from "../../../../apps/server.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { realSystem } from "../../../../core/system.ts";
import { localPath, openRegistry } from "../../../../mod.ts";
import { runDenoCommand } from "../../../support/run_deno.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { FILE, MIB, SUM } from "./in_pieces.ts";

/** A service in this process that counts the pieces that it received, and a file to send. */
async function start() {
  const root = await tempRoot();
  const registry = await openRegistry("memory:");
  const handler = createHandler(registry);
  const offsets: number[] = [];
  const onPiece = { then: () => {} };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    if (request.method === "PATCH") {
      offsets.push(Number(request.headers.get("upload-offset")));
      onPiece.then();
    }
    return handler(request);
  });
  const location = `http://127.0.0.1:${server.addr.port}`;
  const file = root.join("data.bin"), cache = root.join("cache");
  await Deno.writeFile(file, FILE);
  return {
    ...{ registry, location, file, cache, onPiece },
    /** Returns where pieces began since the last call. */
    offsets: () => offsets.splice(0).map((offset) => offset / MIB),
    /** Saves in a program that sends so many pieces and half of another one before it is killed. */
    async run(name: string, most = Infinity): Promise<string> {
      const program = fromFileUrl(import.meta.resolve("./killed_sender.ts"));
      const args = ["run", "-A", "--no-check", program, location, file, `${most}`, name];
      const env = { HOLDFAST_CACHE: cache, NO_COLOR: "1" };
      const { code, stdout, stderr } = await runDenoCommand(args, { env });
      return code === 0 ? `sent ${stdout.trim()}` : `killed${stderr}`;
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await handler.close();
      await registry.close();
      await root[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a killed save goes on with the bytes that the service has", async () => {
  const world = await start();
  assertEquals(await world.run("a", 2), "killed");
  assertEquals(world.offsets(), [0, 8, 16]);
  assertEquals(await world.run("a"), "sent 2");
  const [from = 0, last] = world.offsets();
  assert(from > 16 && from < 24, `at ${from} MiB`);
  assertEquals(last, 24);
  assertEquals((await world.registry.info("a")).files.map(({ sha256 }) => sha256), [SUM]);
  assertEquals(await world.run("b"), "sent 4", "the upload of a saved file is gone");
  world.offsets();

  assertEquals(await world.run("c", 3), "killed");
  await Deno.writeFile(world.file, FILE.toReversed());
  assertEquals(await world.run("c"), "sent 4", "another file of the same size");

  assertEquals(await world.run("d", 3), "killed");
  for await (const { name } of Deno.readDir(`${world.cache}/uploads`)) {
    const note = `${world.cache}/uploads/${name}`, text = await Deno.readTextFile(note);
    await Deno.writeTextFile(note, text.replace(/^.*/, "../artifacts/a"));
  }
  assertEquals(await world.run("d"), "sent 4", "a damaged note");
  await world[Symbol.asyncDispose]();
});

Deno.test("a killed save of a changed file goes on with the bytes that the version lacks", async () => {
  const world = await start();
  assertEquals(await world.run("a"), "sent 4");
  const changed = FILE.slice();
  changed.subarray(0, 12 * MIB).reverse();
  await Deno.writeFile(world.file, changed);
  world.offsets();
  assertEquals(await world.run("a", 1), "killed");
  assertEquals(await world.run("a"), "sent 1");
  const { version, files } = await world.registry.info("a");
  assertEquals([version, files[0]!.sha256], ["2.0.0", sha256(changed)]);
  await world[Symbol.asyncDispose]();
});

Deno.test("a save that failed goes on in the same program", async () => {
  const world = await start();
  const env = (name: string) => name === "HOLDFAST_CACHE" ? world.cache : undefined;
  const system = { ...realSystem, env };
  const client = await openRegistry(world.location, { cache: false, system });
  const stop = new AbortController();
  let pieces = 0;
  world.onPiece.then = () => ++pieces === 3 && stop.abort(new Error("stopped"));
  const { signal } = stop;
  await assertRejects(() => client.save("a", localPath(world.file), { signal }), Error, "stopped");
  world.offsets();
  const saved = await Promise.all([0, 1].map(() => client.save("a", localPath(world.file))));
  assertEquals(saved.map(({ version }) => version).sort(), ["1.0.0", "2.0.0"]);
  const again = world.offsets();
  assertEquals(again.filter((offset) => offset === 0).length, 1, `one of them goes on: ${again}`);
  await client.close();
  await world[Symbol.asyncDispose]();
});

Deno.test("a save after one that sent other bytes of the file begins again", async () => {
  const world = await start();
  const { mtime, atime } = await Deno.stat(world.file);
  await Deno.writeFile(world.file, FILE.toReversed());
  assertEquals(await world.run("a", 3), "killed");
  await Deno.writeFile(world.file, FILE);
  await Deno.utime(world.file, atime!, mtime!);
  assertEquals(await world.run("a"), "sent 4");
  await world[Symbol.asyncDispose]();
});

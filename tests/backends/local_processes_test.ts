import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import { type Backend, isPrefix, type Layout, type Locking } from "../../core/backend.ts";
import { read } from "../conformance/backend/samples.ts";
import { spawnDeno } from "../support/run_deno.ts";
import { partOfRun } from "../support/seeds.ts";
import { seededRandom } from "../support/scripted_system.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";
import { signerOf } from "./signed_bytes.ts";

const MODES: readonly [Locking, Layout][] = [
  ["link", "folded"],
  ["file", "folded"],
  ["link", "plain"],
  ["file", "plain"],
];

interface Writer {
  /** Its output, by line. */
  lines: AsyncIterableIterator<string>;
  /** Lets it begin. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): void;
  /** Waits for its end. */
  ended: Promise<Deno.CommandStatus>;
}

/** The folder of a test, which is not there yet. */
const storeOf = (root: TempRoot) => root.join("new", "store");

/** Starts a process that writes, and may use nothing but the folder; it waits for `start`. */
async function spawnWriter(root: TempRoot, ...options: string[]): Promise<Writer> {
  const path = storeOf(root);
  const child = spawnDeno("tests/backends/local_writer.ts", [path, ...options], {
    permissions: [`--allow-read=${path}`, `--allow-write=${path}`],
  });
  await child.stderr.cancel();
  const lines = linesOf(child.stdout);
  assertEquals((await lines.next()).value, "ready");
  return {
    lines,
    start: () => child.stdin.close(),
    kill: () => child.kill("SIGKILL"),
    ended: child.status,
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** Reads each object of the store and throws if one is incomplete. Returns the signer by key. */
async function signers(backend: Backend): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const entry of backend.list("")) {
    assert(!isPrefix(entry));
    const bytes = await read(backend, entry.key);
    assert(bytes !== undefined && bytes.byteLength === entry.size);
    found.set(entry.key, signerOf(bytes));
  }
  return found;
}

const [usual, ...others] = MODES;
for (const [locking, layout] of [usual!, ...partOfRun(others, 3)]) {
  Deno.test(`three processes win each key once (${locking}, ${layout})`, async () => {
    const root = await tempRoot();
    try {
      const names = ["first", "second", "third"];
      const writers = await Promise.all(
        names.map((name) => spawnWriter(root, locking, layout, "disk", name, "150", "3000")),
      );
      await Promise.all(writers.map((writer) => writer.start()));
      const won = await Promise.all(writers.map(async ({ lines, ended }) => {
        const keys = await Array.fromAsync(lines);
        assertEquals((await ended).code, 0);
        return keys;
      }));
      const all = won.flat();
      assertEquals(all.length, 150);
      assertEquals(new Set(all).size, 150);
      const found = await signers(createLocalBackend({ path: storeOf(root), locking, layout }));
      won.forEach((keys, i) => keys.forEach((key) => assertEquals(found.get(key), names[i], key)));
    } finally {
      await root.remove();
    }
  });

  Deno.test(`kill -9 leaves every object whole (${locking}, ${layout})`, async () => {
    const root = await tempRoot();
    const random = seededRandom(locking.length);
    try {
      const won = new Map<string, string>();
      for (let round = 0; round < 6; round++) {
        const writer = await spawnWriter(
          root,
          locking,
          layout,
          "os",
          `round${round}`,
          "100000",
          "400000",
        );
        await writer.start();
        let left = 1 + Math.floor(random() * 25);
        for await (const key of writer.lines) {
          won.set(key, `round${round}`);
          if (--left === 0) writer.kill(); // it goes on until the signal reaches it
        }
        assertEquals((await writer.ended).signal, "SIGKILL");
        const found = await signers(createLocalBackend({ path: storeOf(root), locking, layout }));
        for (const [key, name] of won) assertEquals(found.get(key), name, key);
      }
      const backend = createLocalBackend({ path: storeOf(root), locking, layout });
      for await (const upload of backend.sweepUploads!({ olderThan: Infinity })) {
        assert(upload.size !== undefined);
      }
      assertEquals(await Array.fromAsync(Deno.readDir(`${storeOf(root)}/.stage`)), []);
      assert((await backend.put("names/race/new", new Uint8Array(), { mode: "create" })).written);
    } finally {
      await root.remove();
    }
  });
}

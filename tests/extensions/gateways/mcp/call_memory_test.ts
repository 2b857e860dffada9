// All clients of a process share the memory of their calls.
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  callMemory,
  createRefusingMemory,
  createWaitingMemory,
  type WithMemory,
} from "../../../../extensions/gateways/mcp/call_memory.ts";
import type { File } from "../../../../extensions/gateways/mcp/file_part.ts";
import { readStatistics } from "../../../../extensions/gateways/mcp/table_views.ts";
import { createTable, parquet } from "../../../../formats/parquet.ts";
import { nextTurn } from "../../../../core/work/next_turn.ts";
import { createMemoryBackend, openRegistry, RegistryError } from "../../../../mod.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { connect } from "./client_of.ts";
import { saveFiles } from "./save_files.ts";
import { slowTest } from "../../../support/seeds.ts";

const { signal } = new AbortController();

/** Begins a call that `end` ends. */
function begin(withMemory: WithMemory, ownSignal: AbortSignal = signal) {
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const state = { isRunning: false };
  const ended = withMemory(ownSignal, async () => {
    state.isRunning = true;
    await promise;
    state.isRunning = false;
  });
  ended.catch(() => {});
  return { state, end, ended };
}

async function manyTurns(): Promise<void> {
  for (let i = 0; i < 20; i++) await nextTurn();
}

Deno.test("calls of all clients hold a limited memory together, and wait in order", async () => {
  const memory = createWaitingMemory({ callBytes: 10, totalBytes: 50 });
  const calls = ["a", "a", "b", "c", "d", "e"].map((client) => begin(memory.forClient(client)));
  const running = async () => {
    await manyTurns();
    return calls.map(({ state }) => state.isRunning);
  };
  assertEquals(await running(), [true, true, true, true, true, false]);
  assertEquals(memory.heldBytes, 50);
  calls[2]!.end();
  assertEquals(await running(), [true, true, false, true, true, true]);
  for (const { end } of calls) end();
  assertEquals(await running(), Array(6).fill(false));
  assertEquals(memory.heldBytes, 0);
});

Deno.test("a client with many calls leaves room for others", async () => {
  const memory = createWaitingMemory({ callBytes: 10, totalBytes: 50 });
  const many = Array.from({ length: 20 }, () => begin(memory.forClient("greedy")));
  await manyTurns();
  assertEquals(many.filter(({ state }) => state.isRunning).length, 4);
  const other = begin(memory.forClient("other"));
  await manyTurns();
  assert(other.state.isRunning);
  for (const { end } of [...many, other]) end();
  await Promise.all(many.map(({ ended }) => ended));
});

Deno.test("a call that needs more waits for all memory, and holds none meanwhile", async () => {
  const memory = createWaitingMemory({ callBytes: 10, totalBytes: 50 });
  const small = begin(memory.forClient("a"));
  const growth: unknown[] = [];
  const grown = memory.forClient("b")(signal, async (own) => {
    growth.push(own.bytes, await own.grow(), own.bytes, memory.heldBytes, await own.grow());
  });
  await manyTurns();
  assertEquals([growth, memory.heldBytes], [[], 10]);
  small.end();
  await grown;
  assertEquals(growth, [10, true, 50, 50, false]);
  assertEquals(memory.heldBytes, 0);
});

Deno.test("an aborted call leaves the queue", async () => {
  const memory = createWaitingMemory({ callBytes: 10, totalBytes: 10 });
  const first = begin(memory.forClient("a"));
  const aborting = new AbortController();
  const second = begin(memory.forClient("b"), aborting.signal);
  await manyTurns();
  aborting.abort(new Error("enough"));
  await assertRejects(() => second.ended, Error, "enough");
  first.end();
  await first.ended;
  await memory.forClient("c")(signal, () => Promise.resolve());
  assertEquals(memory.heldBytes, 0);
});

Deno.test("in a Worker, a call is refused instead: requests cannot wait for each other", async () => {
  const memory = createRefusingMemory({ callBytes: 10, totalBytes: 20 });
  const calls = [1, 2].map(() => begin(memory.forClient("")));
  await manyTurns();
  const { code } = await assertRejects(
    () => memory.forClient("")(signal, () => Promise.resolve()),
    RegistryError,
    "too many calls at once",
  );
  assertEquals(code, "Unavailable");
  for (const { end, ended } of calls) {
    end();
    await ended;
  }
  assertEquals(memory.heldBytes, 0);
});

Deno.test("every message that reads the registry holds memory while it does", async () => {
  let most = 0;
  const backend = withHooks(createMemoryBackend(), {
    before: () => void (most = Math.max(most, callMemory.heldBytes)),
  });
  await using registry = await openRegistry(backend);
  await registry.save("a", { rate: 1 });
  await using it = await connect(registry);
  const ref = { type: "ref/resource", uri: "holdfast://{name}@{version}" } as const;
  const calls: Record<string, () => Promise<unknown>> = {
    find: () => it.result("find_artifacts"),
    describe: () => it.result("describe_version", { ref: "a" }),
    save: () => it.result("save_version", { name: "b", text: "x" }),
    list: () => it.client.listResources(),
    read: () => it.client.readResource({ uri: "holdfast://a@latest" }),
    complete: () => it.client.complete({ ref, argument: { name: "name", value: "" } }),
  };
  for (const [kind, call] of Object.entries(calls)) {
    most = 0;
    await call();
    assert(most > 0, kind);
    assertEquals(callMemory.heldBytes, 0, kind);
  }
});

/** A file in memory. Calls `onRead` for each reading. */
function fileOf(path: string, bytes: Uint8Array, onRead: () => void = () => {}): File {
  const stream: File["stream"] = ({ offset, length } = { offset: 0 }) =>
    new ReadableStream({
      start(controller) {
        onRead();
        controller.enqueue(bytes.slice(offset, length && offset + length));
        controller.close();
      },
    });
  const info = { path, size: bytes.length, sha256: "" };
  return { info, stream, bytes: () => Promise.resolve(bytes.slice()) } as unknown as File;
}

slowTest("statistics of a table leave turns to others, and end with an abort", async () => {
  const rows = Array.from({ length: 60_000 }, (_, i) => `${i},${i / 7},${i % 3}`);
  const csv = new TextEncoder().encode(["a,b,c", ...rows].join("\n"));
  const cells = Array.from({ length: 100_000 }, (_, i) => ({ a: i, b: i / 7, c: `${i % 3}` }));
  const table = createTable({ a: "number", b: "number", c: "string" }, cells);
  const stored = await new Response(await parquet().encode(table) as BodyInit).bytes();
  const memory = { bytes: 64 * 1024 ** 2, grow: () => Promise.resolve(false) };
  for (const [path, bytes] of [["t.csv", csv], ["t.parquet", stored]] as const) {
    const aborting = new AbortController();
    let readings = 0;
    const file = fileOf(path, bytes, () => { // the header or footer, then rows
      if (++readings === 2) void nextTurn().then(() => aborting.abort(new Error("enough")));
    });
    const reading = readStatistics(file, { signal: aborting.signal, memory });
    await assertRejects(() => reading, Error, "enough", path);
  }
});

Deno.test("a page that needs more memory than a call has is read with all of it", async () => {
  const long = "x".repeat(3 * 1024 ** 2);
  const table = createTable({ a: "string" }, [{ a: long }]);
  const file = fileOf("t.parquet", await parquet().encode(table) as Uint8Array);
  const memory = { bytes: 8 * 1024 ** 2, grow: () => Promise.resolve(false) };
  await assertRejects(
    () => readStatistics(file, { signal, memory }),
    RegistryError,
    "1048576 are allowed",
  );
  const growing = {
    ...memory,
    grow() {
      growing.bytes = 64 * 1024 ** 2;
      return Promise.resolve(true);
    },
  };
  assertEquals(await readStatistics(file, { signal, memory: growing }), {
    rows: 1,
    onlyFirstRows: undefined,
    moreColumns: undefined,
    columns: { a: { empty: 0 } },
  });
});

slowTest("a column is chosen before it is read", async () => {
  await using registry = await openRegistry("memory:");
  const columns = Array.from(
    { length: 300 },
    (_, i) => ({ name: `c${i}`, type: "number" as const }),
  );
  const row = Object.fromEntries(columns.map(({ name }, i) => [name, i]));
  const bytes = await parquet().encode(createTable(columns, [row])) as Uint8Array;
  const offsets: number[] = [];
  const file = fileOf("t.parquet", bytes);
  const watched = {
    ...file,
    stream(range: { offset: number; length: number }) {
      offsets.push(range.offset);
      return file.stream(range);
    },
  } as unknown as File;
  const memory = { bytes: 64 * 1024 ** 2, grow: () => Promise.resolve(false) };
  const { columns: counted, moreColumns } = (await readStatistics(watched, { signal, memory }))!;
  assertEquals([Object.keys(counted).length, moreColumns], [200, 100]);
  assertEquals(offsets.length, 1 + 200, "the footer, and the columns that are shown");
  await saveFiles(registry, "w", { "t.parquet": bytes });
  await using it = await connect(registry);
  const shown = await it.call("read_file", { ref: "w" });
  assertEquals([(shown.columns as []).length, shown.moreColumns], [200, 100]);
});

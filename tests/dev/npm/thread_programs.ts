// Programs that import the installed package and show on any runtime that threads work.

/** `marked.mjs`: a materializer that does in threads what its value says. */
const MARKED = `
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import process from "node:process";
import { isMainThread, threadId } from "node:worker_threads";

const NEVER = new Promise(() => {});

/** Waits until two threads are here. */
async function meet(folder) {
  mkdirSync(folder + "/" + threadId, { recursive: true });
  while (readdirSync(folder).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
}

export const marked = {
  id: "test/marked",
  formatVersion: 1,
  reopen: { module: import.meta.url, name: "marked" },
  accepts: (value) => typeof value === "object" && value !== null && "mark" in value,
  async *save({ how, mark, data }) {
    if (!isMainThread && how === "meet") await meet(mark);
    else if (!isMainThread && !existsSync(mark)) {
      mkdirSync(mark);
      if (how === "loop") { for (;;); }
      if (how === "exit") process.exit(3);
      if (how === "crash") setTimeout(() => { throw new Error("on purpose"); });
      await NEVER;
    }
    yield { path: "thread", content: Uint8Array.of(threadId) };
    yield { path: "data", content: data };
  },
  load: async (artifact) => [...await artifact.file("thread").bytes(), threadId, await artifact.file("data").bytes()],
};
`;

/** `batches.mjs`: prints a line of JSON for each thing that it tries, and leaves its last batch open. */
const BATCHES = `
import { existsSync } from "node:fs";
import process from "node:process";
import { openRegistry } from "@holdfast/holdfast";
import { createBatch } from "@holdfast/holdfast/workers";
import { marked } from "./marked.mjs";

const [folder] = process.argv.slice(2);
const warnings = [];
const logger = { debug() {}, info() {}, error() {}, warn: (message) => warnings.push(message) };
const registry = await openRegistry(folder + "/registry", { durability: "os", logger });
registry.materializers.register(marked);
const start = (options) => createBatch(registry, { workers: 2, offload: "always", ...options });
const data = new Uint8Array(300_000).fill(7);
const valueOf = (how) => ({ how, mark: folder + "/" + how, data });
const toBeMarked = async (how) => { while (!existsSync(folder + "/" + how)) await new Promise((r) => setTimeout(r, 5)); };
const show = (...told) => console.log(JSON.stringify(told));

{
  const batch = start();
  const { failed } = await batch.saveMany([0, 1].map((k) => ({ name: "meet" + k, value: valueOf("meet") })));
  const { results } = await batch.loadMany(["meet0", "meet1"]);
  const loaded = results.map(({ value }) => value);
  const saved = new Set(loaded.map(([thread]) => thread));
  const whole = loaded.every(([, , bytes]) => bytes.length === data.length && bytes.every((byte) => byte === 7));
  show("meet", failed, saved.size, saved.has(0), loaded.some(([, thread]) => thread === 0), whole);
  await registry.save("small", Uint8Array.of(1, 2));
  const numbers = new Float32Array(3_000_000).map((_, k) => k % 1000);
  await batch.save({ name: "large", value: numbers, compress: "gzip" });
  const large = await batch.load("large");
  show("values", Array.from(await batch.load("small")), large.length, large.every((value, k) => value === numbers[k]));
  await batch[Symbol.asyncDispose]();
  show("closed", batch.running);
}
for (const how of ["crash", "exit"]) {
  const batch = start();
  const { version } = await batch.save({ name: how, value: valueOf(how) });
  show(how, version, warnings.splice(0).map((text) => text.split(": ").at(-1)), (await registry.load(how))[0] > 0);
  await batch[Symbol.asyncDispose]();
}
{
  const batch = start();
  const aborting = new AbortController();
  const saving = batch.save({ name: "wait", value: valueOf("wait") }, { signal: aborting.signal });
  await toBeMarked("wait");
  aborting.abort(new Error("enough"));
  show("abort", await saving.catch((error) => error.message), await registry.has("wait"));
  await batch[Symbol.asyncDispose]();
}
{
  const batch = start();
  const saving = batch.save({ name: "loop", value: valueOf("loop") });
  const ended = saving.catch((error) => error.code);
  await toBeMarked("loop");
  await batch[Symbol.asyncDispose]();
  show("loop", await ended, batch.running);
}
const batch = start({ idleMs: 50 });
await batch.save({ name: "last", value: data });
show("forgotten");
`;

/** The output of `batches.mjs` with threads. */
export const OF_BATCHES: readonly unknown[] = [
  ["meet", [], 2, false, false, true],
  ["values", [1, 2], 3_000_000, true],
  ["closed", 0],
  ["crash", "1.0.0", ["on purpose"], true],
  ["exit", "1.0.0", ["it exited with code 3"], true],
  ["abort", "enough", false],
  ["loop", "TaskFailed", 0],
  ["forgotten"],
];

/** The programs by their names. */
export const THREAD_PROGRAMS: Record<string, string> = {
  "marked.mjs": MARKED,
  "batches.mjs": BATCHES,
};

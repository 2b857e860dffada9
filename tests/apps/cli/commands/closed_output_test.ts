// Commands that work while they print, such as `holdfast worker --json | head -1`.
import { assertEquals } from "@std/assert";
import { Writable } from "node:stream";
import { runCli } from "../../run_cli.ts";
import { createOutput } from "../../../../apps/cli/terminal/cli_io.ts";
import { openRegistry } from "../../../../mod.ts";
import { openQueue } from "../../../../queues/mod.ts";
import { realSystem } from "../../../../core/system.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { captureIo, holdfast } from "../../captured_io.ts";
import { projectRoot } from "./pipelines/project.ts";

/** Standard output whose reader takes some writes and then closes it. */
function closedAfter(writes: number) {
  let count = 0;
  const stream = new Writable();
  stream.write = (_data: unknown, done: unknown) => {
    const error = Object.assign(new Error("closed"), { code: "EPIPE" });
    const result = count++ < writes ? null : error;
    queueMicrotask(() => (done as (error: Error | null) => void)(result));
    return true;
  };
  return createOutput(stream);
}

/** Runs a command line whose reader is gone. */
async function unread(line: string, cwd: string, writes = 0): Promise<number> {
  const io = { ...captureIo({ cwd }), stdout: closedAfter(writes) };
  return await runCli(line.split(" "), io);
}

Deno.test("batch save and load go on without a reader, and report failures", async () => {
  await using root = await projectRoot();
  const names = Array.from({ length: 40 }, (_, i) => `n${i}`);
  const rows = names.map((name) => JSON.stringify({ name, value: 1, version: "1.0.0" }));
  await Deno.writeTextFile(root.join("good.jsonl"), rows.join("\n"));
  const refs = names.map((ref) => JSON.stringify({ ref }));
  await Deno.writeTextFile(root.join("refs.jsonl"), refs.join("\n"));
  await Deno.writeTextFile(root.join("bad.jsonl"), `${JSON.stringify({ name: "x" })}\n${rows[0]}`);
  const codes = [
    await unread("batch save good.jsonl --json", root.path, 1),
    await unread("batch save bad.jsonl --json", root.path),
    await unread("batch load refs.jsonl --to out --json", root.path),
  ];
  await using registry = await openRegistry(root.join(".holdfast"));
  assertEquals((await Array.fromAsync(registry.names())).sort(), names.toSorted());
  assertEquals([...Deno.readDirSync(root.join("out"))].length, names.length);
  assertEquals(codes, [0, 1, 0]);
});

Deno.test("a run goes on without a reader, and its exit code is that of the run", async () => {
  await using root = await projectRoot();
  const fails = "--set operators.train.params.fail=no";
  for (const more of ["", "--json"]) {
    assertEquals(await unread(`pipeline run ${more} ${fails}`.replace("  ", " "), root.path), 1);
    assertEquals(await unread(`pipeline run ${more}`.trim(), root.path), 0);
  }
});

programTest("a worker executes steps without a reader", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using root = await projectRoot();
  const place = `${url}?queue=unread-${Deno.pid}`;
  const env = Object.fromEntries(
    ["PATH", "HOME", "DENO_DIR"].map((name) => [name, realSystem.env(name) ?? ""]),
  );
  const stop = new AbortController();
  const io = { ...captureIo({ cwd: root.path, env, signal: stop.signal }), stdout: closedAfter(1) };
  const working = runCli(["worker", "--queue", place, "--json"], io);
  const run = ["pipeline", "run", "--engine", place];
  const { code, err } = await holdfast(run, { cwd: root.path, env });
  stop.abort();
  assertEquals([code, await working], [0, 0], err);
  await using queue = await openQueue(place);
  const states = (await queue.list()).map(({ state }) => state);
  assertEquals(states.filter((state) => state !== "done"), []);
});

import { assertEquals } from "@std/assert";
import type { PlainValue } from "../../../../core/text/plain_value.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";
import { runCli } from "../../../apps/run_cli.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";
import { captureIo, holdfast } from "../../../apps/captured_io.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { projectRoot } from "./project.ts";

/** Forged jobs, from somebody who may write to the queue. */
const FORGED: readonly PlainValue[] = [
  null,
  7,
  { run: "nightly@1", step: "clean", shard: null },
  { run: { toString: 1 }, step: { toString: 1 } },
  { run: "nightly@1/../../..", step: "clean" },
  { run: "nightly@99999999999", step: "clean" },
];

programTest(
  "a worker executes no forged jobs",
  "redis",
  async ({ shared }) => {
    const { url } = await shared();
    await using root = await projectRoot();
    const place = `${url}?queue=forged-${Deno.pid}`;
    await using queue = await openQueue(place);
    for (const [index, data] of FORGED.entries()) {
      await queue.add({ id: `forged-${index}`, group: "nightly@1", kind: "step", data });
    }
    const stop = new AbortController();
    const working = holdfast(["worker", "--queue", place, "--json"], {
      cwd: root.path,
      signal: stop.signal,
    });
    while ((await queue.list()).some(({ state }) => state === "waiting" || state === "running")) {
      await queue.get("forged-0");
    }
    stop.abort();
    const { code, err } = await working;
    const states = (await queue.list()).map(({ state }) => state);
    assertEquals(
      [states, err.includes("TypeError")],
      [FORGED.map(() => "failed"), false],
      `${code} ${err}`,
    );
  },
);

programTest(
  "a worker ends although its queue is away",
  "redis",
  async ({ own }) => {
    await using server = await own();
    await using root = await projectRoot();
    const stop = new AbortController();
    const ready = Promise.withResolvers<void>();
    const io = captureIo({ cwd: root.path, signal: stop.signal });
    const { write } = io.stdout;
    io.stdout.write = (text) => {
      if (String(text).includes('"ready"')) ready.resolve();
      return write(text);
    };
    const working = runCli(["worker", "--queue", server.url, "--json"], io);
    await ready.promise;
    await server.kill();
    stop.abort();
    const code = await withoutHanging("the worker's end", working);
    assertEquals(code, 0, new TextDecoder().decode(io.output()));
  },
);

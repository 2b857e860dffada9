// `runs log` outlives the program that it listens to, the store, the run and its own reader.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runCli } from "../../../../apps/run_cli.ts";
import { Interruption } from "../../../../../apps/cli/terminal/exit_code.ts";
import { ReaderGone } from "../../../../../apps/cli/terminal/cli_io.ts";
import { realSystem } from "../../../../../core/system.ts";
import { openRegistry } from "../../../../../mod.ts";
import { finishRun, openRun } from "../../../../../extensions/runs/mod.ts";
import { captureIo, type CliTest, filesIn, filledTest } from "../../../../apps/captured_io.ts";

interface Program {
  /** Writes lines: text as it is, others as JSON. */
  say(...lines: unknown[]): void;
  /** Waits until this is in the output. */
  printed(text: string): Promise<void>;
  /** Waits until something is so. Throws once `runs log` has ended. */
  until(isSo: () => Promise<boolean>): Promise<void>;
}

interface Piped {
  /** Options after `runs log net`. */
  args?: string;
  signal?: AbortSignal;
  /** Minutes that the clock has moved on. */
  minutes?: () => number;
  /** The reader of the output has left. */
  isUnread?: boolean;
  /** Outputs cannot be written at all. */
  isBroken?: boolean;
}

/** Runs `runs log net` on lines of a program, and tells what it said. */
async function logged(
  it: CliTest,
  program: (program: Program) => Promise<void>,
  { args = "7 --wait 0.01s", signal, minutes = () => 0, isUnread, isBroken }: Piped = {},
) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    {},
    undefined,
    { highWaterMark: 1000 },
  );
  const writer = writable.getWriter();
  const now = () => realSystem.now() + minutes() * 60_000;
  const io = captureIo({
    cwd: it.cwd,
    signal,
    system: { ...realSystem, now, env: () => undefined, envNames: () => [] },
  });
  const refuses = (error: Error) => ({ ...io.stdout, write: () => Promise.reject(error) });
  const stdout = isUnread
    ? { ...refuses(new ReaderGone()), ignoreClose: () => void (stdout.write = io.stdout.write) }
    : isBroken
    ? refuses(new Error("input/output error"))
    : io.stdout;
  const stderr = isBroken ? refuses(new Error("input/output error")) : io.stderr;
  const stdin = { isTerminal: false, stream: () => readable };
  const code = runCli(["runs", "log", "net", ...args.split(" ")], { ...io, stdin, stdout, stderr });
  let refused = false;
  const say = (...lines: unknown[]) => {
    const text = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line));
    const bytes = new TextEncoder().encode(text.map((line) => `${line}\n`).join(""));
    writer.write(bytes).catch(() => refused = true); // a broken pipe
  };
  let isOver = false;
  const ended = () => void (isOver = true);
  code.then(ended, ended);
  const until = async (isSo: () => Promise<boolean>) => {
    while (!await isSo()) {
      assert(!isOver, io.errors());
      await realSystem.sleep(5);
    }
  };
  const output = () => new TextDecoder().decode(io.output());
  const printed = (text: string) => until(() => Promise.resolve(output().includes(text)));
  await program({ say, until, printed });
  await writer.close().catch(() => refused = true);
  const result = { code: await code, out: output(), err: io.errors() };
  return { ...result, refused };
}

async function lossesOf(it: CliTest, run = "net 7"): Promise<unknown[]> {
  const lines = (await it.succeeds(`runs show ${run}`)).trim().split("\n");
  return lines.map((line) => JSON.parse(line).loss);
}

/** Returns the words of the command that a hint suggests. */
function suggested(err: string): { words: string[]; file?: string } {
  const [, line = ""] = / (?:later|run): holdfast (runs log .*)\n/.exec(err) ?? [];
  const [words = "", file] = line.split(" < ");
  return { words: words.split(" "), file };
}

filledTest("points of a store that is away are kept, and stored later, once", async (it) => {
  const registry = it.root.join(".holdfast"), away = it.root.join("away");
  const said = await logged(it, async ({ say, printed }) => {
    say({ loss: 1 }, "starting");
    await printed("starting");
    await Deno.rename(registry, away);
    say({ loss: 2 }, { kept: 1, loss: 3, step: 9 });
  });
  assertEquals([said.code, said.refused], [7, false]);
  assertStringIncludes(said.out, "starting\n");
  await Deno.rename(away, registry);
  const { words } = suggested(said.err);
  const [file = ""] = words.slice(-1);
  assertEquals(words.slice(0, -1), ["runs", "log", "net", "7", "--from"], said.err);
  const text = await Deno.readTextFile(file);
  await it.fails(["runs", "log", "other", "--from", file], 2, "holdfast runs log net 7 --from");
  await Deno.writeTextFile(file, `${text}{"loss": 4`); // its program was killed
  const count = text.trimEnd().split("\n").length - 1;
  await it.tells(words, `Logged ${count} points to run 7`);
  await Deno.writeTextFile(file, text);
  await it.tells(["runs", "log", "net", "--from", file], "to run 7");
  assertEquals(await lossesOf(it), [1, 2, 3]);
  await it.fails(["runs", "log", "net", "--from", file], 3);
  await Deno.writeTextFile(file, text);
  await it.succeeds("runs finish net 7");
  await it.fails(
    ["runs", "log", "net", "--from", file],
    4,
    "another run: holdfast runs log net < ",
  );
  await it.succeeds("runs log net 8", { stdin: text });
  assertEquals((await lossesOf(it, "net 8")).slice(-2), [2, 3]);
  await it.fails("runs ls other", 3, "no such name");
});

filledTest("a run that cannot be opened is opened later, with all points", async (it) => {
  const registry = it.root.join(".holdfast"), away = it.root.join("away");
  let minutes = 0;
  await Deno.rename(registry, away);
  const said = await logged(it, async ({ say, until }) => {
    say({ loss: 1 }, { loss: [1] });
    await until(async () => (await filesIn(it.cwd)).includes("net-7.points.jsonl"));
    await Deno.rename(away, registry);
    minutes = 2;
    say({ loss: 2 });
    await until(async () => (await it.holdfast("runs ls net")).code === 0);
    say({ loss: 3 });
  }, { args: "7 -p rate:=0.1", minutes: () => minutes });
  assertEquals([said.code, said.refused], [0, false], said.err);
  assertStringIncludes(said.out, "Logged 3 points to run 7, 1 left out");
  assertEquals(await lossesOf(it), [1, 2, 3]);
  assertEquals((await filesIn(it.cwd)).includes("net-7.points.jsonl"), false);
});

filledTest(
  "points of a run that is never opened are kept, with the command for them",
  async (it) => {
    await Deno.rename(it.root.join(".holdfast"), it.root.join("away"));
    const said = await logged(it, ({ say }) => {
      say({ loss: 1 }, "starting", { loss: 2, _time: 5 });
      return Promise.resolve();
    }, { args: "-p rate:=0.1 -t host=n1 -r ./.holdfast -q" });
    assertEquals([said.code, said.refused], [3, false], said.err);
    await Deno.rename(it.root.join("away"), it.root.join(".holdfast"));
    const { words, file = "" } = suggested(said.err);
    const stdin = await Deno.readTextFile(file);
    const more = ["-p", "rate:=0.1", "-t"];
    assertEquals(words.slice(0, 5 + more.length), [
      "runs",
      "log",
      "-r",
      "./.holdfast",
      "net",
      ...more,
    ]);
    const plain = words.map((word) => word.replaceAll("'", ""));
    const { id } = JSON.parse(await it.succeeds([...plain, "--json"], { stdin }));
    const { params, tags } = JSON.parse(await it.succeeds("runs ls net --json"));
    assertEquals([params, tags], [{ rate: 0.1 }, { host: "n1" }]);
    assertEquals(await lossesOf(it, `net ${id}`), [1, 2]);
  },
);

filledTest("points of a run that another program finished are kept for another run", async (it) => {
  const said = await logged(it, async ({ say, printed }) => {
    say({ loss: 1 }, "starting");
    await printed("starting");
    await using registry = await openRegistry(it.root.join(".holdfast"));
    const run = await openRun(registry, "net", { id: "7" });
    run.log({ loss: 0 });
    await run.close();
    await finishRun(registry, "net", { id: "7" });
    say({ loss: 2 });
  });
  assertEquals([said.code, said.refused], [4, false], said.err);
  const { words, file = "" } = suggested(said.err);
  assertEquals(words, ["runs", "log", "net"]);
  const stdin = await Deno.readTextFile(file);
  assertStringIncludes(stdin, '"loss":2');
  await it.succeeds("runs log net 8", { stdin });
  assert((await lossesOf(it, "net 8")).includes(2));
});

filledTest("the second signal ends the log, and all points are stored", async (it) => {
  const stop = new AbortController();
  const said = await logged(it, async ({ say, printed }) => {
    say({ loss: 1 }, { loss: 2 }, "evaluating");
    await printed("evaluating");
    stop.abort(new Interruption("SIGINT"));
  }, { args: "7", signal: stop.signal });
  assertEquals(said.code, 130, said.err);
  assertEquals(await lossesOf(it), [1, 2]);
  assertEquals((await filesIn(it.cwd)).filter((name) => name.endsWith(".jsonl")), []);
});

filledTest("points are stored without a reader, and without a terminal", async (it) => {
  const program = ({ say }: Program) => {
    say("starting", { loss: 1 }, { loss: [2] }, { loss: 3 });
    return Promise.resolve();
  };
  assertEquals((await logged(it, program, { isUnread: true })).code, 0);
  assertEquals(await lossesOf(it), [1, 3]);
  const broken = await logged(it, program, { args: "8", isBroken: true });
  assertEquals([broken.code, broken.refused], [1, false]);
  assertEquals(await lossesOf(it, "net 8"), [1, 3]);
  assertMatch(broken.err, /^$/);
});

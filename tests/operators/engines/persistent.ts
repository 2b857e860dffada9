// A process that takes steps: what a step does is in its name.
import process from "node:process";
import { Readable } from "node:stream";
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { unavailable } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { takeSteps } from "../../../operators/surface/take_steps.ts";

const PIECE = "x".repeat(1024 * 1024);
let kept = new Uint8Array();

await takeSteps(async ({ data }): Promise<Record<string, string | number>> => {
  const { step, shard } = data as { step: string; shard?: { index: number } };
  const [does] = step.split(" ");
  appendFileSync("begun", `${process.pid} ${step} ${shard?.index ?? ""}\n`);
  if (does === "fail") return { exitCode: 3, reason: "no data" };
  if (does === "binary") return { exitCode: 3, reason: "\x01".repeat(10_000) };
  if (does === "throw") throw new TypeError("no value");
  if (does === "away") throw unavailable("ask", "the queue", "no answer", { hint: "Wait." });
  if (does === "die") process.kill(process.pid, "SIGKILL");
  if (does === "exit") process.exit(0);
  if (does === "wait" || does === "die") await realSystem.sleep(1e8);
  if (does === "flood") { for (let i = 0; i < 32; i++) process.stdout.write(PIECE); }
  if (does === "leave") spawn("sleep", ["300"], { stdio: "ignore", detached: true }).unref();
  if (does === "grow") kept = new Uint8Array(600 * 1024 * 1024).fill(1);
  return { exitCode: kept.length === 0 || kept.at(-1) === 1 ? 0 : 1 };
}, {
  stdin: Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
  stdout: { write: (text) => Promise.resolve(void process.stdout.write(text)) },
  stderr: { write: (text) => Promise.resolve(void process.stderr.write(text)) },
  signal: new AbortController().signal,
});
process.exit();

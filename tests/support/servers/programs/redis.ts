// Redis on a free port of 127.0.0.1, which keeps what it acknowledged.
import { connect } from "node:net";
import { tempRoot } from "../../temp_root.ts";
import type { ProgramServer } from "./program_tests.ts";
import { claimPort } from "../ports.ts";
import { spawnWatched, untilReady, type WatchedProgram } from "../watched_program.ts";

export async function startRedis(): Promise<ProgramServer> {
  const root = await tempRoot();
  const claim = await claimPort();
  const { port } = claim;
  const logFile = root.join("log");
  let running: WatchedProgram | undefined;
  const kill = async () => {
    await running?.end();
    running = undefined;
  };
  const start = async () => {
    running = spawnWatched([
      ...["redis-server", "--port", String(port), "--bind", "127.0.0.1", "--dir", root.path],
      ...[
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--save",
        "",
        "--maxmemory-policy",
        "noeviction",
      ],
    ], { root: root.path, logFile });
    await untilReady(running, () => answersPing(port), { name: "Redis", logFile });
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    async [Symbol.asyncDispose]() {
      await kill();
      await root.remove();
      claim.release();
    },
  };
}

/** It answers before it has read its file, with an error: only then PONG. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (bytes) => end(String(bytes).startsWith("+PONG")));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
  });
}

// PostgreSQL on a free port of 127.0.0.1.
import { chown } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { tempRoot } from "../../temp_root.ts";
import type { ProgramServer } from "./program_tests.ts";
import { claimPort } from "../ports.ts";
import { spawnWatched, succeeds, untilReady, type WatchedProgram } from "../watched_program.ts";

/** The folder of its programs, the newest, where Debian has them. */
export function postgresFolder(): string | undefined {
  try {
    const versions = readdirSync("/usr/lib/postgresql").sort((a, b) => Number(a) - Number(b));
    return versions.length === 0 ? undefined : `/usr/lib/postgresql/${versions.at(-1)}/bin`;
  } catch {
    return undefined;
  }
}

/** Starts PostgreSQL. It refuses to run as root: then it runs as the user `postgres`. */
export async function startPostgres(): Promise<ProgramServer> {
  const bin = postgresFolder();
  const root = await tempRoot();
  const claim = await claimPort();
  const { port } = claim;
  const logFile = root.join("log");
  const isRoot = process.getuid?.() === 0;
  const asUser = isRoot
    ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    : [];
  if (isRoot) await chown(root.path, ...accountOf("postgres"));
  const data = root.join("data");
  const made = [
    `${bin}/initdb`,
    "-D",
    data,
    "-A",
    "trust",
    "-U",
    "postgres",
    "-E",
    "UTF8",
    "--locale=C.UTF-8",
    "-N",
  ];
  if (!await succeeds([...asUser, ...made])) {
    throw new Error("Cannot start PostgreSQL: initdb failed");
  }
  let running: WatchedProgram | undefined;
  const start = async () => {
    running = spawnWatched([
      ...[
        ...asUser,
        `${bin}/postgres`,
        "-D",
        data,
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        `port=${port}`,
      ],
      // Killed, it would leave its shared memory in /dev/shm.
      ...["-c", `unix_socket_directories=${root.path}`, "-c", "dynamic_shared_memory_type=mmap"],
    ], { root: root.path, logFile });
    const ready = [
      `${bin}/pg_isready`,
      "-q",
      "-h",
      "127.0.0.1",
      "-p",
      String(port),
      "-U",
      "postgres",
    ];
    await untilReady(running, () => succeeds(ready), { name: "PostgreSQL", logFile });
  };
  const kill = async () => {
    await running?.end("SIGQUIT"); // as `pg_ctl stop -m immediate`: as if the power went
    running = undefined;
  };
  await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    kill,
    start,
    async [Symbol.asyncDispose]() {
      await kill();
      await root.remove();
      claim.release();
    },
  };
}

function accountOf(user: string): [uid: number, gid: number] {
  const line = readFileSync("/etc/passwd", "utf8").split("\n").find((entry) =>
    entry.startsWith(`${user}:`)
  );
  const [, , uid, gid] = (line ?? "").split(":");
  return [Number(uid), Number(gid)];
}

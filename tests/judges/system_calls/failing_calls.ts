// A process whose system calls strace makes fail.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import process from "node:process";
import { join } from "@std/path";
import { REPOSITORY } from "../../support/run_deno.ts";
import type { Acted } from "./acting_process.ts";

export interface FailingCall {
  call: string;
  when: number;
  error: string;
  isMain: boolean;
  /** True if all later calls fail too. @default false */
  forEver?: boolean;
}

export interface ActingProcess extends AsyncDisposable {
  readonly pid: number;
  /** Performs one operation. Throws {@linkcode ProcessEnded} if the process ends. */
  act(name: string, root: string): Promise<Acted>;
  trace(name: string, root: string): Promise<{ acted: Acted; calls: string[] }>;
  actWith(
    failing: FailingCall,
    name: string,
    root: string,
  ): Promise<{ acted: Acted; calls: string[] }>;
}

/** The process ended before it answered. */
export class ProcessEnded extends Error {}

/** Calls on files that may fail. None is used to talk to the process. */
export const CALLS: readonly string[] = [
  ...[
    "openat",
    "close",
    "read",
    "pread64",
    "write",
    "pwrite64",
    "lseek",
    "ftruncate",
    "copy_file_range",
  ],
  ...[
    "fsync",
    "fdatasync",
    "link",
    "linkat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
  ],
  ...[
    "mkdir",
    "mkdirat",
    "rmdir",
    "getdents64",
    "statx",
    "newfstatat",
    "lstat",
    "fstat",
    "utimensat",
  ],
];

export async function startActing(folder: string): Promise<ActingProcess> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const connected = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const program = join(REPOSITORY, "tests/judges/system_calls/acting_process.ts");
  // It reads all its modules at once: their calls are not those of an operation, and a module that
  // could not be read stays missing.
  const child = spawn(Deno.execPath(), ["run", "-A", "--quiet", program, `${port}`], {
    cwd: REPOSITORY,
    // where a call of the runtime itself fails, it says so at length
    stdio: ["ignore", "inherit", "ignore"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const gone = ended.then(() =>
    Promise.reject(new ProcessEnded("Cannot go on: the process ended"))
  );
  gone.catch(() => {}); // the code that awaits the answer gets the error
  const socket = await Promise.race([connected, gone]);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const answer = async () => {
    const line = await Promise.race([lines.next(), gone]);
    return line.done ? await gone : JSON.parse(line.value) as Acted;
  };
  await answer(); // it is ready

  const act = async (name: string, root: string): Promise<Acted> => {
    socket.write(`${JSON.stringify({ name, root })}\n`);
    return await answer();
  };

  async function traced(
    args: string[],
    name: string,
    root: string,
  ): Promise<{ acted: Acted; calls: string[] }> {
    const output = join(folder, "trace");
    const tracer = spawn(
      "strace",
      ["-y", "-s", "400", "-o", output, ...args, "-p", `${child.pid}`],
      {
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    const over = new Promise((resolve) => tracer.once("exit", resolve));
    let told = "";
    await new Promise<void>((resolve, reject) => {
      tracer.stderr.on("data", (bytes) => {
        told += bytes;
        if (told.includes("attached")) resolve();
      });
      void over.then(() => reject(new Error(`Cannot trace: strace ended\n${told}`)));
    });
    const acted = await act(name, root).catch((error): Acted => {
      if (!(error instanceof ProcessEnded)) throw error;
      return { error: "the process ended", hasEnded: true };
    });
    tracer.kill("SIGINT");
    await over;
    return { acted, calls: readFileSync(output, "utf8").split("\n") };
  }

  return {
    pid: child.pid!,
    act,
    trace: (name, root) =>
      traced(["-f", "-e", `trace=${CALLS.map((call) => `?${call}`).join(",")}`], name, root),
    async actWith({ call, when, error, isMain, forEver = false }, name, root) {
      const injection = `inject=${call}:error=${error}:when=${when}${forEver ? "+" : ""}`;
      const { acted, calls } = await traced(
        [...isMain ? [] : ["-f"], "-e", `trace=${call}`, "-e", injection],
        name,
        root,
      );
      return { acted, calls: calls.filter((line) => line.includes("(INJECTED)")) };
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      socket.destroy();
      server.close();
    },
  };
}

export type TracedCall = Pick<FailingCall, "call" | "when" | "isMain">;

/** Returns the calls of a trace on a folder, numbered by name and thread. */
export function callsIn(
  trace: readonly string[],
  folder: string,
  mainThread: number,
): TracedCall[] {
  const counts = new Map<string, number>();
  const found = new Map<string, TracedCall>();
  for (const line of trace) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (call === undefined) continue;
    const when = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, when);
    const isMain = Number(thread) === mainThread;
    if (line.includes(folder)) found.set(`${call} ${when} ${isMain}`, { call, when, isMain });
  }
  return [...found.values()];
}

/** Why no call can be made to fail here; undefined if one can. */
export function straceProblem(): string | undefined {
  if (process.platform !== "linux") return "strace is for Linux";
  try {
    execFileSync("strace", ["-e", "inject=read:error=EIO:when=1000", "true"], { stdio: "pipe" });
  } catch {
    return "strace is not installed, or may not trace; apt-get install strace installs it";
  }
}

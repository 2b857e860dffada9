// A service with several processes, and requests that each have a connection of their own: Linux
// chooses the process of a connection, so a few of them reach every process.
import { Buffer } from "node:buffer";
import { type IncomingHttpHeaders, request } from "node:http";
import { createToken } from "../../../apps/server/access/change_tokens.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { type TempRoot, tempRoot } from "../../support/temp_root.ts";
import { type WatchedProcess, watchProcess } from "../../support/watch_process.ts";

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface ServedProcesses extends AsyncDisposable {
  url: string;
  root: TempRoot;
  registry: Registry;
  program: WatchedProcess;
  /** Sends a request on a connection of its own. */
  ask(path: string, asked?: Asked): Promise<Got>;
  /** The processes that serve. */
  pids(): Promise<number[]>;
  /** Returns headers with the token of these scopes. */
  as(...scopes: string[]): Record<string, string>;
}

/** Enough connections that all processes get some. */
export const MANY = 16;

/** @param tokens the scopes of each token */
export async function serveProcesses(
  args: string[],
  { fill, tokens = [] }: { fill?(registry: Registry): Promise<void>; tokens?: string[][] } = {},
): Promise<ServedProcesses> {
  const root = await tempRoot();
  const stored = root.join("r");
  const registry = await openRegistry(stored);
  await fill?.(registry);
  const sent = new Map<string, string>();
  for (const scopes of tokens) {
    const note = scopes.join(" ");
    const { token } = await createToken(root.join("t.json"), { scopes, note });
    sent.set(note, token);
  }
  const child = spawnDeno("apps/cli.ts", [
    ...["serve", "-r", stored, "--port", "0", "--processes", "2", "--json"],
    ...args.map((arg) => arg.replace("ROOT", root.path)),
  ], { permissions: ["-A"], cwd: root.path });
  const program = watchProcess(child);
  const [line = ""] = await program.lines(1);
  const { url } = JSON.parse(line);
  return {
    url,
    root,
    registry,
    program,
    ask: (path, asked) => askOnce(url + path, asked),
    pids: () => childrenOf(child.pid),
    as: (...scopes) => ({ authorization: `Bearer ${sent.get(scopes.join(" "))}` }),
    async [Symbol.asyncDispose]() {
      program.signal("SIGTERM");
      await program.ended;
      await registry[Symbol.asyncDispose]();
      await root[Symbol.asyncDispose]();
    },
  };
}

export function askOnce(url: string, { method = "GET", headers = {}, body }: Asked = {}) {
  return new Promise<Got>((resolve, reject) => {
    const sent = request(url, { method, agent: false, headers }, (answer) => {
      const chunks: Uint8Array[] = [];
      answer.on("data", (chunk) => void chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return text.trim().split(" ").filter((word) => word !== "").map(Number);
}

export function isRunning(pid: number): boolean {
  try {
    return !/\) Z/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

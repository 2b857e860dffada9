// A server at a distance: requests go by way of a process that delays them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";

export interface Distance extends AsyncDisposable {
  readonly endpoint: string;
}

/** Puts a round trip of so many milliseconds before the server at a base URL. */
export async function startDistance(endpoint: string, roundTripMs: number): Promise<Distance> {
  const url = new URL(endpoint);
  const script = fileURLToPath(new URL("distance_process.ts", import.meta.url));
  const args = ["run", "--no-check", "--allow-net", script, url.port, String(roundTripMs)];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const [said] = await once(child.stdout!, "data");
  url.port = String(said).trim();
  return {
    endpoint: url.origin,
    async [Symbol.asyncDispose]() {
      child.stdin!.end();
      await exited;
    },
  };
}

// Performs operations in a process whose system calls fail. It talks to its parent over a socket,
// by calls that never fail: lines `{ "name", "root" }`, answered by `{ "ok" }` or `{ "error",
// "code", "isOpen" }`.
//
// Argument: the port of the parent.
import { createConnection } from "node:net";
import { createInterface } from "node:readline";
import process from "node:process";
import { isRegistryError } from "../../../core/errors.ts";
import { OPERATIONS } from "./operations.ts";

export interface Acted {
  ok?: boolean;
  error?: string;
  code?: string;
  isOpen?: boolean;
  hasEnded?: boolean;
}

const socket = createConnection(Number(process.argv[2]), "127.0.0.1");
createInterface({ input: socket }).on("line", async (line) => {
  const { name, root } = JSON.parse(line) as { name: string; root: string };
  socket.write(`${JSON.stringify(await act(name, root))}\n`);
});
socket.write(`${JSON.stringify({ ok: true })}\n`);

async function act(name: string, root: string): Promise<Acted> {
  try {
    await OPERATIONS[name].act(root);
    return { ok: true };
  } catch (error) {
    if (!isRegistryError(error)) {
      return { error: `not a RegistryError: ${(error as Error).stack ?? error}` };
    }
    const isOpen = error.code === "Unknown" || error.maybeWritten === true;
    return { error: error.message, code: error.code, isOpen };
  }
}

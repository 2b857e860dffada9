// A port that several processes share: Linux gives each new connection to one of them
// (`SO_REUSEPORT`).
import { type AddressInfo, createServer, type Server } from "node:net";
import process from "node:process";
import { unsupported } from "../../core/kernel.ts";
import { cannotListen } from "../../apps/server/listen/listen_errors.ts";

interface Address {
  host: string;
  /** 0 for any free port. */
  port: number;
}

/** A port that only the processes of one service may share. */
export interface SharedPort {
  readonly port: number;
  /** Lets others have it. */
  release(): Promise<void>;
}

/**
 * Takes a port for several processes, after a check that nobody has it.
 *
 * @throws {RegistryError} `Conflict` for a port in use; `Unsupported` for a system or a runtime that
 * does not share ports
 */
export async function takeSharedPort({ host, port }: Address): Promise<SharedPort> {
  if (!await isSupported()) throw notShared();
  const refuse = (error: unknown) => {
    throw cannotListen(error, { host, port });
  };
  const alone = await listening({ host, port }).catch(refuse);
  const { port: free } = alone.address() as AddressInfo;
  try {
    // Else two services that start at the same time would share the port: `alone` is closed before
    // the processes listen. The name ends with this process.
    const path = `\0holdfast-serve-${host}-${free}`;
    const name = await listening({ path }).catch((error) => {
      if (error.code === "EADDRINUSE") refuse(error);
    });
    name?.unref();
    return { port: free, release: async () => name && await closed(name) };
  } finally {
    await closed(alone);
  }
}

async function isSupported(): Promise<boolean> {
  if (process.platform !== "linux" || "Bun" in globalThis) return false;
  const host = "127.0.0.1";
  const first = await listening({ host, port: 0, reusePort: true }).catch(() => undefined);
  if (first === undefined) return false;
  const { port } = first.address() as AddressInfo;
  const second = await listening({ host, port, reusePort: true }).catch(() => undefined);
  await closed(first);
  if (second !== undefined) await closed(second);
  return second !== undefined; // versions of Node before 22.12 ignore the option
}

function listening(
  address: (Address & { reusePort?: boolean }) | { path: string },
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(address, () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function notShared() {
  const state = "only Linux shares a port between processes, with Deno, or Node from 22.12";
  return unsupported("serve with several processes", undefined, state, {
    hint:
      "Serve with one process, or start several services behind a proxy: see docs/run_service.md.",
  });
}

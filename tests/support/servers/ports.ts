// Ports for the servers of tests.
import { createServer, type Server } from "node:net";
import { realSystem } from "../../../core/system.ts";

/** A port of 127.0.0.1 that no other test takes, in whatever process, until it is released. */
export interface ClaimedPort {
  readonly port: number;
  release(): void;
}

/** Below the ports that connections get: a client that calls a dead server must never reach itself. */
const FIRST_PORT = 20_000;
const PORTS = 6_000;

/**
 * Claims a port. Servers take a while until they listen, and are restarted: what tells others that a port has somebody
 * is a listener of this process at the port that is 6,000 above. The system ends it with this process, however that ends.
 */
export async function claimPort(): Promise<ClaimedPort> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(realSystem.random() * PORTS);
    const claim = await listenAt(port + PORTS);
    if (claim === undefined) continue;
    if (await isFree(port)) return { port, release: () => void claim.close() };
    claim.close();
  }
}

/** True if nothing listens on a port of 127.0.0.1. */
export async function isFree(port: number): Promise<boolean> {
  const listener = await listenAt(port);
  if (listener === undefined) return false;
  return await new Promise((resolve) => listener.close(() => resolve(true)));
}

function listenAt(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const listener = createServer();
    listener.unref(); // nobody waits for it at the end
    listener.once("error", () => resolve(undefined));
    listener.listen(port, "127.0.0.1", () => resolve(listener));
  });
}

/**
 * A handler on a port.
 *
 * @module
 */
import { RegistryError } from "../../mod.ts";
import type { Handler } from "../server/options.ts";

/** Where to listen. */
export interface ListenOptions {
  /** A name or an address of this machine. */
  host: string;
  /** The port; 0 for a free one. */
  port: number;
}

/** A server that listens. */
export interface Listening {
  /** Where it is: `http://127.0.0.1:8600`. */
  readonly url: string;
  /** Takes no more connections, ends what is watched, and waits for what is under way. */
  stop(): Promise<void>;
}

/**
 * Listens.
 *
 * @throws {RegistryError} `Conflict` where the port is taken, `Denied` where it may not be used, `Invalid` for a host that
 * is none
 */
export function listen(handler: Handler, { host, port }: ListenOptions): Listening {
  const server = tryListen(handler, { host, port });
  const { hostname, port: bound } = server.addr as Deno.NetAddr;
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${bound}`,
    async stop() {
      const stopped = server.shutdown();
      await handler.close();
      await stopped;
    },
  };
}

function tryListen(handler: Handler, { host: hostname, port }: ListenOptions): Deno.HttpServer {
  try {
    return Deno.serve({ hostname, port, onListen() {} }, handler);
  } catch (cause) {
    const { name, message } = cause as Error;
    const place = `${hostname}:${port}`;
    if (name === "AddrInUse") {
      throw new RegistryError({
        code: "Conflict",
        message: `Cannot listen on ${place}: another program does`,
        hint: "Choose another port, or any free one: --port 0",
        cause,
      });
    }
    const isDenied = name === "NotCapable" || name === "PermissionDenied";
    throw new RegistryError({
      code: isDenied ? "Denied" : "Invalid",
      message: `Cannot listen on ${place}: ${message.split("\n")[0]}`,
      hint: name === "NotCapable"
        ? `Allow it: --allow-net=${place}`
        : isDenied
        ? "Ports below 1024 are for the system: choose another one, as --port 8600"
        : "Give an address of this machine, as --host 127.0.0.1",
      cause,
    });
  }
}

// A slow line to a server: all connections through it share a number of bytes a second.
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { realSystem } from "../../core/system.ts";

/** A slow line. Disposing of it closes every connection. */
export interface SlowLine extends AsyncDisposable {
  /** Base URL. */
  readonly endpoint: string;
  /** The bytes that clients have sent through it. */
  sent(): number;
  /** Passes nothing on any more once clients have sent so many bytes. */
  stallAfter(bytes: number): void;
  /** Closes every connection. Clients may connect again. */
  disconnect(): void;
}

/** Lets bytes of clients pass at a rate, bytes a second, without a pause. Replies are not slowed. */
export async function startSlowLine(target: string, rate: number): Promise<SlowLine> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const over = new AbortController();
  let sent = 0;
  let limit = Infinity;
  let line: Promise<void> = Promise.resolve();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // either side may disconnect
    return socket;
  };
  const listener = createServer((client) => {
    const server = keep(connect(Number(port), hostname));
    server.pipe(keep(client));
    client.on("close", () => server.destroy());
    client.on("data", (chunk: Uint8Array) => {
      sent += chunk.byteLength;
      client.pause();
      line = line.then(() => realSystem.sleep(chunk.byteLength / rate * 1000, over.signal));
      line.then(() => {
        if (sent >= limit) return;
        server.write(chunk);
        client.resume();
      }, () => {});
    });
    client.on("end", () => server.end());
  });
  const disconnect = () => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    sent: () => sent,
    stallAfter: (bytes) => void (limit = bytes),
    disconnect,
    async [Symbol.asyncDispose]() {
      over.abort();
      disconnect();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

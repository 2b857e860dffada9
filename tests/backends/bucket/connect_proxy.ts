// A proxy that opens tunnels.
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** A proxy that runs. */
export interface ConnectProxy extends AsyncDisposable {
  /** Its URL. */
  readonly url: string;
  /** The targets of the requested tunnels. */
  readonly targets: string[];
}

/** Starts a proxy, which opens no tunnel if there is a `refusal` such as `403 Forbidden`. */
export async function startConnectProxy(refusal?: string): Promise<ConnectProxy> {
  const targets: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
  };
  const server = createServer((_, reply) => reply.writeHead(405).end());
  server.on("connect", (request, client: Socket) => {
    targets.push(request.url!);
    keep(client);
    if (refusal !== undefined) {
      return void client.end(`HTTP/1.1 ${refusal}\r\ncontent-length: 0\r\n\r\n`);
    }
    const [host, port] = request.url!.split(":");
    const target = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      target.pipe(client);
      client.pipe(target);
    });
    keep(target);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    targets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

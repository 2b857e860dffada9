// The connections of a server: where there are too many, those that do nothing make room, the one
// that does so for longest first, so that whoever holds many open keeps nobody out.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface Connections {
  count(): number;
  busy(): number;
  cut(): number;
}

/** Keeps at most so many connections, and ends those that stand still for `idleTimeoutMs` in the middle of something. */
export function watchConnections(
  server: Server,
  { maxConnections, idleTimeoutMs }: { maxConnections: number; idleTimeoutMs: number },
): Connections {
  const idle = new Set<Socket>(); // in the order in which they became so
  const busy = new Map<Socket, { request: IncomingMessage; response: ServerResponse }>();

  function makeRoom(newest: Socket): void {
    if (idle.size + busy.size <= maxConnections) return;
    const [oldest = newest] = idle;
    idle.delete(oldest);
    oldest.destroy();
  }

  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true); // headers and a body may be two writes
    idle.add(socket);
    socket.once("close", () => {
      idle.delete(socket);
      busy.delete(socket);
    });
    makeRoom(socket);
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    idle.delete(socket);
    busy.set(socket, { request, response });
    response.once("close", () => {
      if (!busy.delete(socket) || socket.destroyed) return;
      idle.add(socket);
    });
  });
  server.setTimeout(idleTimeoutMs, (socket: Socket) => {
    const { request } = busy.get(socket) ?? {};
    const isOurTurn = request?.complete === true && socket.writableLength === 0; // an answer may take its time
    if (!isOurTurn) socket.destroy();
  });

  return {
    count: () => idle.size + busy.size,
    busy: () => busy.size,
    cut() {
      const cut = busy.size;
      for (const socket of [...busy.keys(), ...idle]) socket.destroy();
      return cut;
    },
  };
}

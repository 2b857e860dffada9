// A server that counts its requests and ends connections at a given point.
import { readFileSync } from "node:fs";
import { createServer as createPlain, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { fromFileUrl } from "@std/path";

/** The point at which the connection of a request ends. */
export type Cut = "nowhere" | "body" | "reply" | "head" | "content" | "stall";

/** A server that runs. */
export interface CuttingServer extends AsyncDisposable {
  /** Base URL. */
  readonly endpoint: string;
  /** The number of requests for a path, incomplete ones included. */
  arrived(path: string): number;
  /** The number of opened connections. */
  connections(): number;
  /** The idle time of connections that the server announces, in seconds. */
  keepsIdleFor(seconds: number): void;
  /** Which cut the next request for a path meets. */
  cut(path: string, where: Cut): void;
  /** Closes every connection that no request uses, as servers do after a while. */
  closeIdle(): Promise<void>;
}

const fileOf = (name: string) =>
  fromFileUrl(new URL(`../../support/certificates/${name}.pem`, import.meta.url));
const certificate = (name: string) => readFileSync(fileOf(name), "utf8");

const EXPIRED = {
  key: new URL("../../fixtures/certificates/expired.key", import.meta.url),
  cert: new URL("../../fixtures/certificates/expired.crt", import.meta.url),
};

/** The authority that signed the server's certificate, PEM. */
export const AUTHORITY = certificate("authority");
/** Its file. */
export const AUTHORITY_FILE = fileOf("authority");

/** Starts a server. A PUT is answered with an entity tag. */
export async function startCuttingServer(
  { secure, expired = false }: {
    secure: boolean;
    /** Uses a certificate that expired on 2025-02-01. @default false */
    expired?: boolean;
  },
): Promise<CuttingServer> {
  const counts = new Map<string, number>();
  const cuts = new Map<string, Cut>();
  const sockets = new Set<Socket>();
  let opened = 0;
  let idleSeconds = 60;
  const serve = (request: IncomingMessage, reply: ServerResponse) => {
    const path = request.url!.replace(/\?.*/, "");
    const where = cuts.get(path) ?? "nowhere";
    counts.set(path, (counts.get(path) ?? 0) + 1);
    if (where === "body") return request.once("data", () => request.socket.destroy());
    request.resume().on("end", () => {
      if (where === "stall") return;
      if (where === "reply") return request.socket.destroy();
      if (where === "head") return request.socket.end("HTTP/1.1 200 OK\r\nContent-Le");
      if (where === "content") {
        return request.socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
      }
      const keepAlive = { connection: "keep-alive", "keep-alive": `timeout=${idleSeconds}` };
      reply.writeHead(200, { etag: '"stored"', "content-length": 0, ...keepAlive }).end();
    });
  };
  const server = secure
    ? createSecure(
      expired
        ? { key: readFileSync(EXPIRED.key, "utf8"), cert: readFileSync(EXPIRED.cert, "utf8") }
        : { key: certificate("server_key"), cert: certificate("server") },
      serve,
    )
    : createPlain(serve);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  server.on(secure ? "secureConnection" : "connection", () => opened++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http${secure ? "s" : ""}://127.0.0.1:${port}`,
    arrived: (path) => counts.get(path) ?? 0,
    connections: () => opened,
    keepsIdleFor: (seconds) => void (idleSeconds = seconds),
    cut: (path, where) => void cuts.set(path, where),
    async closeIdle() {
      const closed = [...sockets].map((socket) =>
        new Promise((resolve) => socket.once("close", resolve))
      );
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// A load generator: connections that each send the same request again as soon as its answer is
// there. It reads HTTP no further than it must, so that it takes less than the server does.
// Arguments: port, path, connections, requests. Says as JSON how long it took.
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import process from "node:process";
import { timed, type Timing } from "../measure.ts";

/** How long the body is, as the head of an answer says; read once, as all bodies are as long as the first. */
function bodyBytes(head: string): number {
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
  if (/^HTTP\/1\.1 (?:200|307) /.test(head) && !Number.isNaN(length)) return length;
  throw new Error(`Cannot go on: ${head.slice(0, 500)}`);
}

/** Sends requests one after the other while `take` gives leave. */
function ask(port: number, request: string, take: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let body: number | undefined;
    let missing: number | undefined; // of the answer under way; undefined while its head is not there
    let held: Buffer = Buffer.alloc(0);
    const next = () => {
      missing = undefined;
      if (take()) socket.write(request);
      else socket.end(resolve);
    };
    socket.setNoDelay(true);
    socket.on("error", reject);
    socket.on("connect", next);
    socket.on("data", (data: Buffer) => {
      if (missing === undefined) {
        held = held.length === 0 ? data : Buffer.concat([held, data]);
        const end = held.indexOf("\r\n\r\n");
        if (end < 0) return;
        try {
          body ??= bodyBytes(held.toString("latin1", 0, end));
        } catch (error) {
          return reject(error);
        }
        missing = body + end + 4 - held.length;
        held = Buffer.alloc(0);
      } else missing -= data.length;
      if (missing < 0) reject(new Error("Cannot go on: an answer is longer than it says"));
      if (missing === 0) next();
    });
  });
}

if (import.meta.main) {
  const [port, path, connections, requests] = process.argv.slice(2);
  const request = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: */*\r\n\r\n`;
  let left = Number(requests);
  const take = () => left-- > 0;
  const time: Timing = await timed(() =>
    Promise.all(
      Array.from({ length: Number(connections) }, () => ask(Number(port), request, take)),
    )
  );
  console.log(JSON.stringify(time));
}

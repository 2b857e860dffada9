/**
 * What asks a server: connections that each send the same request again as soon as its answer is there. It reads HTTP no
 * further than it must (all answers are as long as the first), so that it takes less than the server does. Arguments:
 * port, path, connections, requests. Says as JSON how long it took.
 *
 * @module
 */
import { connect } from "node:net";
import process from "node:process";
import { timed } from "../measure.ts";
import type { Timing } from "../measure.ts";

/** Bytes of an answer with a body of known length, once all of it is there; undefined before. */
function answerBytes(text: string): number | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
  if (!text.startsWith("HTTP/1.1 200") || Number.isNaN(length)) throw new Error(`Cannot go on: ${text.slice(0, 500)}`);
  return end + 4 + length;
}

/** Sends requests one after the other while `take` gives leave. */
function ask(port: number, request: string, take: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let first = "";
    let bytes: number | undefined;
    let got = 0;
    const next = () => {
      if (take()) socket.write(request);
      else socket.end(resolve);
    };
    socket.setNoDelay(true);
    socket.on("error", reject);
    socket.on("connect", next);
    socket.on("data", (data) => {
      if (bytes === undefined) bytes = answerBytes(first += data.toString("latin1"));
      got += data.length;
      if (bytes === undefined || got < bytes) return;
      if (got > bytes) return reject(new Error("Cannot go on: an answer is longer than the first"));
      got = 0;
      next();
    });
  });
}

if (import.meta.main) {
  const [port, path, connections, requests] = process.argv.slice(2);
  const request = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: */*\r\n\r\n`;
  let left = Number(requests);
  const take = () => left-- > 0;
  const time: Timing = await timed(() =>
    Promise.all(Array.from({ length: Number(connections) }, () => ask(Number(port), request, take)))
  );
  console.log(JSON.stringify(time));
}

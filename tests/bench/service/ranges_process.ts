// Readers of one file by ranges, each on its own connections, which follow redirects. Like the load
// of `load_process.ts`, it reads HTTP no further than it must.
// Arguments: URL, header of the token or "", readers, size of the file, bytes of a range.
// Prints as JSON how long it took.
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { timed, type Timing } from "../measure.ts";

/** The head of an answer, whose body was read. */
interface Head {
  status: string;
  location?: string;
  /** Bytes of the body. */
  length: number;
}

function headOf(text: string): Head {
  const header = (name: string) => new RegExp(`\r\n${name}: ([^\r]*)`, "i").exec(text)?.[1];
  return {
    status: text.slice(9, 12),
    location: header("location"),
    length: Number(header("content-length") ?? 0),
  };
}

/** A connection for one request at a time. */
class Connection {
  readonly #socket: Socket;
  #onData: (data: Buffer) => void = () => {};
  #onError: (error: Error) => void = () => {};

  constructor({ port, hostname }: URL) {
    this.#socket = connect(Number(port), hostname).setNoDelay(true);
    this.#socket.on("data", (data: Buffer) => this.#onData(data));
    this.#socket.on("error", (error) => this.#onError(error));
    const closed = () => this.#onError(new Error(`Cannot go on: ${hostname}:${port} has closed`));
    this.#socket.on("close", closed);
  }

  get({ host, pathname, search }: URL, headers: string): Promise<Head> {
    return new Promise((resolve, reject) => {
      let head: Head | undefined, missing = 0;
      let held: Buffer = Buffer.alloc(0);
      this.#onError = reject;
      this.#onData = (data) => {
        if (head === undefined) {
          held = held.length === 0 ? data : Buffer.concat([held, data]);
          const end = held.indexOf("\r\n\r\n");
          if (end < 0) return;
          head = headOf(held.toString("latin1", 0, end));
          missing = head.length + end + 4 - held.length;
        } else missing -= data.length;
        if (missing < 0) reject(new Error("Cannot go on: an answer is longer than it says"));
        if (missing === 0) resolve(head);
      };
      this.#socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n${headers}\r\n`);
    });
  }

  end(): void {
    this.#onError = () => {};
    this.#socket.destroy();
  }
}

/** Reads ranges as long as `next` has one. */
async function read(url: URL, token: string, next: () => string | undefined): Promise<void> {
  const connections = new Map<string, Connection>();
  const get = (at: URL, headers: string) => {
    const known = connections.get(at.host) ?? new Connection(at);
    connections.set(at.host, known);
    return known.get(at, headers);
  };
  for (let range = next(); range !== undefined; range = next()) {
    const header = `range: bytes=${range}\r\n`;
    let head = await get(url, header + token);
    if (head.location !== undefined) head = await get(new URL(head.location), header);
    if (head.status !== "206") throw new Error(`Cannot go on: ${head.status} at ${url.host}`);
  }
  for (const each of connections.values()) each.end();
}

if (import.meta.main) {
  const [url = "", token = "", readers, size, bytes] = process.argv.slice(2);
  let from = 0;
  const next = () => {
    if (from >= Number(size)) return undefined;
    const end = Math.min(from + Number(bytes), Number(size));
    const range = `${from}-${end - 1}`;
    from = end;
    return range;
  };
  const header = token === "" ? "" : `authorization: ${token}\r\n`;
  const time: Timing = await timed(() =>
    Promise.all(Array.from({ length: Number(readers) }, () => read(new URL(url), header, next)))
  );
  console.log(JSON.stringify(time));
}

// A network between a client and a server on this machine: every byte takes half a round trip in
// each direction, as many as come, and a new connection one round trip more, as TCP's handshake
// does. It says its port on standard output, and ends with its standard input.
//
// Arguments: the server's port, the round trip in milliseconds.
import process from "node:process";

interface Piece {
  at: number;
  bytes: Uint8Array;
}

const PIECE_BYTES = 64 * 1024;
/** So many bytes of a connection are on their way at most: 2 GB a second over 30 ms. */
const MAX_ON_THE_WAY = 64 * 1024 * 1024;

async function carry(
  from: Deno.Conn,
  to: Deno.Conn,
  delays: { firstMs: number; eachMs: number },
): Promise<void> {
  const pieces: Piece[] = [];
  let onTheWay = 0, ended = false, delayMs = delays.firstMs;
  let wake = () => {};
  const change = () => new Promise<void>((resolve) => wake = resolve);
  const reading = (async () => {
    for (;;) {
      while (onTheWay >= MAX_ON_THE_WAY) await change();
      const buffer = new Uint8Array(PIECE_BYTES);
      const count = await from.read(buffer).catch(() => null);
      if (count === null) break;
      pieces.push({ at: performance.now() + delayMs, bytes: buffer.subarray(0, count) });
      onTheWay += count;
      delayMs = delays.eachMs;
      wake();
    }
    ended = true;
    wake();
  })();
  for (;;) {
    if (pieces.length === 0) {
      if (ended) break;
      await change();
      continue;
    }
    const { at, bytes } = pieces.shift()!;
    const waitMs = at - performance.now();
    if (waitMs > 0.5) await new Promise((resolve) => setTimeout(resolve, waitMs - 0.5)); // timers are late, never early
    for (let sent = 0; sent < bytes.byteLength;) sent += await to.write(bytes.subarray(sent));
    onTheWay -= bytes.byteLength;
    wake();
  }
  await to.closeWrite().catch(() => {});
  await reading;
}

async function serve(client: Deno.Conn, port: number, roundTripMs: number): Promise<void> {
  using _client = client;
  using server = await Deno.connect({ port });
  for (const socket of [client, server] as Deno.TcpConn[]) socket.setNoDelay(true);
  const eachMs = roundTripMs / 2;
  await Promise.all([
    carry(client, server, { firstMs: eachMs + roundTripMs, eachMs }),
    carry(server, client, { firstMs: eachMs, eachMs }),
  ]);
}

if (import.meta.main) {
  const [port, roundTripMs] = process.argv.slice(2).map(Number);
  process.stdin.resume().once("end", () => process.exit(0));
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(listener.addr.port);
  for await (const client of listener) serve(client, port, roundTripMs).catch(() => {}); // a closed end is expected
}

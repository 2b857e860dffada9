// Long loops leave room for other work, also for what comes over sockets.
import { assert, assertEquals } from "@std/assert";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { inTurns, nextTurn, slicesInTurns } from "../../../core/work/next_turn.ts";
import { slowTest } from "../../support/seeds.ts";

Deno.test("a connection is answered within a few turns", async () => {
  const server = createServer((socket) => socket.end("x")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const counts: number[] = [];
  for (let i = 0; i < 5; i++) {
    let turns = 0, isOver = false;
    const socket = connect(port, "127.0.0.1").resume();
    socket.on("end", () => isOver = true);
    for (; !isOver; turns++) await nextTurn();
    counts.push(turns);
  }
  server.close();
  assert(Math.min(...counts) < 40, `${counts} turns`);
});

slowTest("items come in order, and other work goes on between them", async () => {
  const items = [...Array(1234).keys()];
  for (const size of [1, 500, 2000]) {
    let slices = 0;
    const sliced: number[] = [];
    for await (const some of slicesInTurns(items, size)) {
      slices++;
      sliced.push(...some);
    }
    assertEquals([sliced, slices], [items, Math.ceil(1234 / size)]);
    assertEquals(await Array.fromAsync(inTurns(items, size)), items);
  }
});

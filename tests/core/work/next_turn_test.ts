// Long loops leave room for other work, also for what comes over sockets.
import { assert, assertEquals } from "@std/assert";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { giveWay, inTurns, nextTurn, slicesInTurns } from "../../../core/work/next_turn.ts";
import { realSystem } from "../../../core/system.ts";
import { slowTest } from "../../support/seeds.ts";

/** Keeps the thread for at least so many milliseconds. */
function work(ms: number): void {
  for (const until = realSystem.monotonic() + ms; realSystem.monotonic() < until;);
}

Deno.test("a connection is answered within a few turns", async () => {
  const server = createServer((socket) => socket.end("x")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const counts: number[] = [];
  for (let i = 0; i < 5; i++) {
    let turns = 0, isOver = false;
    const socket = connect(port, "127.0.0.1").resume();
    socket.on("end", () => isOver = true);
    for (; !isOver; turns++) {
      work(2);
      await nextTurn();
    }
    counts.push(turns);
  }
  server.close();
  assert(Math.min(...counts) < 80, `${counts} turns`);
});

Deno.test("many loops at once delay others no more than one does", async () => {
  let steps = 0, most = 0, isOver = false;
  const loop = async () => {
    for (let step = 0; step < 6; step++) {
      await giveWay();
      steps++;
      work(1);
    }
  };
  const others = (async () => {
    while (!isOver) {
      steps = 0;
      await new Promise((resolve) => void setImmediate(resolve));
      most = Math.max(most, steps);
    }
  })();
  await Promise.all(Array.from({ length: 40 }, loop));
  isOver = true;
  await others;
  // 10 ms, twice where a turn begins with a timer; 240 if the loops did not wait for each other.
  assert(most <= 24, `${most} steps of at least a millisecond in one turn`);
});

Deno.test("short loops do not wait, and an aborted one ends", async () => {
  let order: string[], took: number;
  do {
    await nextTurn(); // after what ran before
    order = [];
    const others = new Promise<void>((resolve) =>
      void setImmediate(() => {
        order.push("others");
        resolve();
      })
    );
    const began = realSystem.monotonic();
    for (let step = 0; step < 10; step++) await giveWay();
    took = realSystem.monotonic() - began;
    order.push("loop");
    await others;
  } while (took > 5); // a busy machine stopped this process meanwhile
  assertEquals(order, ["loop", "others"]);
  const reason = await giveWay(AbortSignal.abort("stopped")).catch((reason) => reason);
  assertEquals(reason, "stopped");
});

Deno.test("other work goes on in a listing whose items come from memory", async () => {
  async function* listing() {
    for (let item = 0; item < 60; item++) {
      work(1);
      yield await Promise.resolve(item);
    }
  }
  let turns = 0, isOver = false;
  const others = (async () => {
    for (; !isOver; turns++) await new Promise((resolve) => void setImmediate(resolve));
  })();
  const items = await Array.fromAsync(inTurns(listing()));
  isOver = true;
  await others;
  assertEquals(items, [...Array(60).keys()]);
  assert(turns >= 3, `${turns} turns in 60 ms`); // 1 without: slices of 10 ms
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

import { assertEquals } from "@std/assert";
import { joined, partsInOrder, type Span } from "../../../backends/bucket/parts_in_order.ts";

/** Reads 2 + 7 bytes in parts of 2. Returns the number of open parts at each chunk. */
async function readAhead(options: { atOnce: number; ahead?: boolean }) {
  const asked: (() => void)[] = [];
  let arrived = 0;
  const read = ({ start, end }: Span) =>
    new Promise<Uint8Array[]>((resolve) =>
      asked.push(() => {
        arrived++;
        resolve([Uint8Array.from({ length: end - start }, (_, i) => start + i)]);
      })
    );
  const chunks = partsInOrder({
    first: Promise.resolve([Uint8Array.of(0, 1)]),
    rest: { start: 2, end: 9 },
    partBytes: 2,
    read,
    ...options,
  });
  const underWay: number[] = [];
  const taken = async function* () {
    let next = chunks.next();
    for (;;) {
      const chunk = await next;
      if (chunk.done) return;
      underWay.push(asked.length - arrived);
      yield chunk.value;
      next = chunks.next();
      await Promise.resolve();
      asked[arrived]?.();
    }
  };
  const whole = await joined(9, taken());
  return { whole: [...whole], underWay };
}

Deno.test("parts come in order with limited concurrency", async () => {
  const whole = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  assertEquals(await readAhead({ atOnce: 2 }), { whole, underWay: [1, 1, 1, 1, 0] });
  assertEquals(await readAhead({ atOnce: 3, ahead: true }), {
    whole,
    underWay: [3, 3, 2, 1, 0],
  });
});

// A program that closes its worker and its queue at the end of its input.
import { openQueue } from "../../../../extensions/queues/mod.ts";

const queue = await openQueue(Deno.args[0]);
await queue.work(() => null);
console.log("ready");
for await (const _ of Deno.stdin.readable);
await queue.close();

// Reads four bytes in both ways of threads.
import process from "node:process";
import { askByFetch, askByNode } from "../../../disk/spread/piece_reply.ts";

for (const ask of [askByFetch, askByNode]) {
  const reply = await ask(process.argv[2]!, { from: 0, length: 4 });
  const bytes = await reply?.fill(new Uint8Array(4));
  console.log(ask.name, new TextDecoder().decode(bytes));
}
process.exit();

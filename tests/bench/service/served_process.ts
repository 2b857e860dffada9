// A server that is measured: one that answers every request with the same bytes, which is the
// floor, or the service over a registry. Prints its port, then at each line that it is told the
// processor time that it took, milliseconds. Arguments: `constant`, or a folder with a registry;
// `node` listens as `holdfast serve` does.
import process from "node:process";
import { createInterface } from "node:readline";
import { createHandler, listen } from "../../../apps/server.ts";
import { openRegistry } from "../../../mod.ts";

export const FILE_BYTES = 200;

if (import.meta.main) {
  const [what, how] = process.argv.slice(2);
  const bytes = new Uint8Array(FILE_BYTES).fill(97);
  const place = { hostname: "127.0.0.1", port: 0, onListen() {} };
  if (what === "constant") {
    const constant = () =>
      new Response(bytes, { headers: { "content-type": "application/octet-stream" } });
    console.log(Deno.serve(place, constant).addr.port);
  } else {
    const handler = createHandler(await openRegistry(what, { create: false, readOnly: true }));
    if (how === "node") {
      console.log(new URL((await listen(handler, { host: place.hostname, port: 0 })).url).port);
    } else console.log(Deno.serve(place, handler).addr.port);
  }
  for await (const _ of createInterface({ input: process.stdin })) {
    const { user, system } = process.cpuUsage();
    console.log((user + system) / 1000);
  }
}

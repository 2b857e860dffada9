// A process that writes objects until it is killed or done. It says `ready`, waits for its input to
// end, and then prints the key of each put that it won, after the put returned.
//
// Arguments: folder, `link` or `file`, `folded` or `plain`, `disk` or `os`, own name, number of
// keys, bytes of the largest body.
import { createLocalBackend } from "../../backends/local.ts";
import type { Layout, Locking } from "../../core/backend.ts";
import { readAll } from "../../core/bytes/bytes.ts";
import { chunked } from "../conformance/backend/samples.ts";
import { signedBytes } from "./signed_bytes.ts";

const [path, locking, layout, durability, name, count, maxBytes] = Deno.args;
const backend = createLocalBackend({
  path,
  durability: durability as "disk" | "os",
  locking: locking as Locking,
  layout: layout as Layout,
});

console.log("ready");
await readAll(Deno.stdin.readable);
for (let i = 0; i < Number(count); i++) {
  const bytes = signedBytes(name, (i * 7919) % Number(maxBytes));
  const body = i % 2 === 0 ? bytes : chunked(bytes, 10_000);
  const key = `names/race${i % 3}/versions/final/k${999_999 - i}p9p9/9007199254740990.rec`;
  const result = await backend.put(key, body, { mode: "create" });
  if (result.written) console.log(key);
  await backend.put(`last/${i % 5}`, body instanceof Uint8Array ? body : bytes);
  if (i % 4 === 0) await backend.delete(`last/${(i + 1) % 5}`);
}

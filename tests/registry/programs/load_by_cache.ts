// Waits for a line, then loads versions of one name in random order through a shared cache. Prints
// the largest size of the cache, bytes.
//
// Arguments: folder of the registry, folder of the cache, its limit, versions, loads, seed.
import process from "node:process";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import { createRandom } from "../../simulate/random.ts";
import { bytesIn } from "../cache/cached_world.ts";
import { noise } from "../registries.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { waitForLine } from "./wait_for_line.ts";

const [path, cachePath, ...numbers] = process.argv.slice(2);
const [maxBytes, versions, loads, seed] = numbers.map(Number);
const cache = createLocalBackend({ path: cachePath, durability: "os" });
const registry = await openRegistry(path, { cache: { backend: cache, maxBytes }, create: false });
const random = createRandom(seed);
console.log("ready");
await waitForLine();
let largest = 0;
for (let i = 0; i < loads; i++) {
  const version = 1 + random.int(versions);
  const value = await registry.load(`a@${version}`) as Uint8Array;
  if (sha256(value) !== sha256(noise(100_000, version))) {
    throw new TypeError(`version ${version} is another value`);
  }
  largest = Math.max(largest, await bytesIn(cache, "files/") + await bytesIn(cache, "records/"));
}
await registry[Symbol.asyncDispose]();
console.log(largest);

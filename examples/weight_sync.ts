// deno run --allow-read --allow-write --allow-env=TMPDIR,TMP,TEMP examples/weight_sync.ts
//
// A trainer saves its weights after each step. Two samplers wait for the next version, and fetch only
// what it added. The store is in memory, read like a bucket, and counts what is fetched.
import { Buffer } from "node:buffer";
import { createHash, randomFillSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryBackend, localPath, openRegistry } from "@holdfast/holdfast";

const STEPS = 10, VALUES = 1 << 20;
const folder = mkdtempSync(join(tmpdir(), "holdfast-sync-"));
const store = createMemoryBackend();
let fetched = 0;
const bucket: typeof store = {
  ...store,
  kind: "bucket",
  async get(key, options) {
    const object = await store.get(key, options);
    fetched += object === undefined ? 0 : options?.range?.length ?? object.info.size;
    return object;
  },
};
const digestAt = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
const trained = new Map<string, string>();

async function train(): Promise<void> {
  await using registry = await openRegistry(store, { cache: false });
  const path = join(folder, "policy.safetensors"), weights = new Uint16Array(VALUES);
  randomFillSync(weights);
  for (let step = 1; step <= STEPS; step++) {
    for (let i = step; i < VALUES; i += 97) weights[i]! ^= 1; // one value of a hundred changes
    writeFileSync(path, safetensors(weights));
    trained.set(`${step}.0.0`, digestAt(path));
    await registry.save("models:policy", localPath(path), { share: "values" });
  }
}

async function sample(to: string): Promise<void> {
  await using registry = await openRegistry(bucket, { cache: false });
  for await (const { version } of registry.watch("models:policy", { intervalMs: 10 })) {
    if (version === undefined) continue; // nothing is saved yet
    await registry.download(`models:policy@${version}`, { to: `${to}/`, overwrite: true });
    const isEqual = digestAt(join(to, "policy.safetensors")) === trained.get(version);
    if (!isEqual) throw new Error(`other weights than those of ${version}`);
    if (version === `${STEPS}.0.0`) return;
  }
}

/** Encodes one tensor: in real life, your framework writes the file. */
function safetensors(weights: Uint16Array): Uint8Array {
  const tensor = { dtype: "BF16", shape: [VALUES], data_offsets: [0, weights.byteLength] };
  const header = Buffer.from(JSON.stringify({ weight: tensor })), length = Buffer.alloc(8);
  length.writeUInt32LE(header.length);
  return Buffer.concat([length, header, new Uint8Array(weights.buffer)]);
}

try {
  await Promise.all([train(), sample(join(folder, "one")), sample(join(folder, "two"))]);
  const whole = (2 * STEPS * VALUES * 2) / 2 ** 20;
  console.log("both samplers have the weights of step", STEPS);
  console.log("less than a third fetched:", fetched / 2 ** 20 < whole / 3);
} finally {
  rmSync(folder, { recursive: true });
}

// Programs that use the installed package as a library.
/** A program that saves and loads with the library and a batch, in a registry that its argument names. */
export const LIBRARY = `
import process from "node:process";
import { openRegistry } from "@holdfast/holdfast";
import { createBatch } from "@holdfast/holdfast/workers";

const registry = await openRegistry(process.argv[2]);
const saved = await registry.save("my:model", { layers: [64, 32] });
await registry.save("weights", new Float32Array([1, 2, 3]));
const batch = createBatch(registry, { workers: 2 });
await batch.saveMany([{ name: "a", value: "1".repeat(2 ** 20) }, { name: "b", value: 2 }]);
const loaded = await batch.loadMany(["a", "b", "c"]);
const weights = Array.from(await registry.load("weights"));
const code = loaded.errors.get(2).code;
console.log(JSON.stringify([saved.version, await registry.load("my:model"), weights, loaded.succeeded, code]));
await batch.close();
await registry.close();
`;

/** A program that saves a file by a resumable upload to a handler. */
export const UPLOADS = `
import { openRegistry } from "@holdfast/holdfast";
import { createHandler } from "@holdfast/holdfast/server";

const registry = await openRegistry("memory:");
const handler = createHandler(registry);
const send = (path, headers, body) =>
  handler(new Request("http://localhost/" + path, { method: "POST", headers, body }));
const { status, headers } = await send("uploads", {
  "tus-resumable": "1.0.0",
  "upload-length": "3",
  "content-type": "application/offset+octet-stream",
}, "abc");
const saved = await send(
  "artifacts/my:file/versions",
  { "content-type": "application/json" },
  JSON.stringify({
    materializer: { id: "file", formatVersion: 1 },
    files: [{ path: "a.txt", upload: headers.get("location").split("/").at(-1) }],
  }),
);
console.log(status, (await saved.json()).version);
await handler.close();
await registry.close();
`;

/**
 * A program that saves a state of weights by values in a registry that has two others, and fetches it
 * into a folder that has the one before. Its arguments are the registry, the states and the folder.
 */
export const VALUES = `
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { createMemoryBackend, localPath, openRegistry } from "@holdfast/holdfast";

const [folder, states, to] = process.argv.slice(2);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const registry = await openRegistry(folder);
const loaded = async (version) =>
  sha256(await (await registry.open("policy@" + version)).file("policy.safetensors").bytes());
const save = (into, n) =>
  into.save("policy", localPath(states + "/" + n + "/policy.safetensors"), { share: "values" });
const { addedBytes } = await save(registry, 3);
const digests = [await loaded(1), await loaded(2), await loaded(3)];

const store = createMemoryBackend();
let fetched = 0;
const get = async (key, options) => {
  const object = await store.get(key, options);
  if (object !== undefined && key.startsWith("objects/")) fetched += (await object.bytes()).length;
  return object;
};
const far = await openRegistry({ ...store, kind: "far", get }, { cache: false });
for (const n of [1, 2, 3]) await save(far, n);
const update = async (n) => {
  fetched = 0;
  await far.download("policy@" + n, { to: to + "/", overwrite: true });
  digests.push(sha256(readFileSync(to + "/policy.safetensors")));
  return fetched;
};
await update(2);
console.log(JSON.stringify({ digests, addedBytes, fetched: await update(3) }));
await registry.close();
`;

/** The output of `LIBRARY`. */
export const LIBRARY_SAYS = ["1.0.0", { layers: [64, 32] }, [1, 2, 3], [0, 1], "NotFound"];

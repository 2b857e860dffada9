/** A Worker that saves, lists and loads over its bucket. A page can call `run` without one. */
export const EDGE = `
import { openRegistry } from "@holdfast/holdfast";
import { createR2Backend } from "@holdfast/holdfast/backends/r2";

export async function run(bucket) {
  const registry = await openRegistry(bucket ? createR2Backend(bucket) : "memory:");
  const bytes = Uint8Array.from({ length: 1_000_000 }, (_, at) => (at * at) % 251);
  await registry.save("settings", { rate: 0.1 });
  await registry.save("settings", { rate: 0.2 });
  await registry.save("bytes", bytes);
  const loaded = await registry.load("bytes");
  const codeOf = (call) => call.then(() => "none", ({ code, hint }) => hint && code);
  return {
    names: await Array.fromAsync(registry),
    first: await registry.load("settings@^1"),
    newest: await registry.load("settings"),
    isSame: loaded.length === bytes.length && loaded.every((byte, at) => byte === bytes[at]),
    digest: (await registry.info("bytes")).digest,
    folder: await codeOf(openRegistry("folder")),
    url: await codeOf(openRegistry("s3://bucket/prefix")),
    download: await codeOf(registry.download("bytes", { to: "copy" })),
  };
}

export default {
  fetch: async (request, { BUCKET }) =>
    Response.json(await run(new URL(request.url).pathname === "/bucket" ? BUCKET : undefined)),
};
`;

export const EDGE_RESULT = {
  names: ["bytes", "settings"],
  first: { rate: 0.1 },
  newest: { rate: 0.2 },
  isSame: true,
  digest: "7987a8d1aef3b82bdcff271b671e4cd8945ab6af79c46245ce46097800ba19d8",
  folder: "Unsupported",
  url: "Unsupported",
  download: "Unsupported",
};

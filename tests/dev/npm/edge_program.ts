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

/** A Worker that opens the bucket that it is asked for, over S3. */
export const EDGE_S3 = `
import { openRegistry } from "@holdfast/holdfast";
import { createS3Backend } from "@holdfast/holdfast/backends/s3";
import { probeBackend } from "@holdfast/holdfast/maintenance";

async function run(given) {
  const backend = createS3Backend({ provider: "minio", retryForMs: 3_000, ...given });
  await using registry = await openRegistry(backend);
  const bytes = Uint8Array.from({ length: 18_000_000 }, (_, at) => (at * at) % 251);
  await registry.save("bytes", bytes);
  const loaded = await registry.load("bytes");
  return {
    isSame: loaded.length === bytes.length && loaded.every((byte, at) => byte === bytes[at]),
    failed: (await probeBackend(backend)).steps.filter(({ ok }) => !ok),
  };
}

export default {
  fetch: async (request) => {
    const given = JSON.parse(decodeURIComponent(new URL(request.url).search.slice(1)));
    return Response.json(await run(given).catch(({ code, message }) => ({ code, message })));
  },
};
`;

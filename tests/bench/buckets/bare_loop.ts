// The least that a download costs in one thread: ranges of presigned URLs by `node:https`, four at
// once, each hashed and written as it arrives. It checks no digest and resumes nothing.
import { createHash } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import { join } from "node:path";
import { createConnections } from "../../../backends/bucket/connections.ts";
import type { Backend } from "../../../core/backend.ts";
import { realSystem } from "../../../core/system.ts";
import type { ServerPlace } from "../../servers/server_world.ts";
import { timed, type Timing } from "../measure.ts";
import { MIB } from "../values.ts";

const RANGE_BYTES = 8 * MIB;
const AT_ONCE = 4;

/** Downloads all objects with a prefix and of a size into a folder. */
export async function runBareLoop(
  { store, place, prefix, size, to }: {
    store: Backend;
    place: ServerPlace;
    prefix: string;
    size: number;
    to: string;
  },
): Promise<Timing> {
  fs.mkdirSync(to, { recursive: true });
  const urls: string[] = [];
  for await (const found of store.list(prefix)) {
    if (!("key" in found) || found.size !== size) continue;
    urls.push(await store.presign!(found.key, { expiresInMs: 3_600_000 }));
  }
  const connections = createConnections({ ca: place.ca, system: realSystem });
  const agent = place.ca === undefined ? connections.http : connections.https;
  const files = urls.map((_, i) => fs.openSync(join(to, `${i}.bin`), "w"));
  const ranges = urls.flatMap((url, i) =>
    Array.from({ length: Math.ceil(size / RANGE_BYTES) }, (_, n) => {
      const start = n * RANGE_BYTES;
      return { url, agent, file: files[i], start, end: Math.min(start + RANGE_BYTES, size) };
    })
  );
  const work = async () => {
    for (let range = ranges.shift(); range !== undefined; range = ranges.shift()) {
      await download(range);
    }
  };
  try {
    return await timed(() => Promise.all(Array.from({ length: AT_ONCE }, work)));
  } finally {
    for (const file of files) fs.closeSync(file);
    connections.close();
  }
}

interface Range {
  url: string;
  agent: http.Agent;
  file: number;
  start: number;
  end: number;
}

function download({ url, agent, file, start, end }: Range): Promise<void> {
  const get = agent instanceof https.Agent ? https.get : http.get;
  const headers = { range: `bytes=${start}-${end - 1}` };
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, (reply) => {
      const hash = createHash("sha256");
      let at = start;
      reply.on("data", (chunk: Uint8Array) => {
        hash.update(chunk);
        fs.writeSync(file, chunk, 0, chunk.byteLength, at);
        at += chunk.byteLength;
      });
      reply.on("error", reject);
      reply.on("end", () => {
        hash.digest();
        if (at === end) resolve();
        else reject(new Error(`Cannot measure: status ${reply.statusCode}, ${at - start} bytes`));
      });
    }).on("error", reject);
  });
}

// The page names why a file cannot be read: it is damaged, or the service is gone.
import { assertRejects, assertStringIncludes } from "@std/assert";
import { openVersion } from "../src/api/artifacts.ts";
import { Service } from "../src/api/service.ts";
import { createHandler } from "../../apps/server.ts";
import { openRegistry } from "../../mod.ts";
import { tempRoot } from "../../tests/support/temp_root.ts";
import { slowTest } from "../../tests/support/seeds.ts";

const SILENT = { error() {}, warn() {}, info() {}, debug() {} };

/** Changes a bit of the largest file below a folder. */
async function damageLargest(folder: string, at: number): Promise<void> {
  let largest = { path: "", size: 0 };
  for await (const path of filesBelow(folder)) {
    const { size } = await Deno.stat(path);
    if (size > largest.size) largest = { path, size };
  }
  const bytes = await Deno.readFile(largest.path);
  bytes[at]! ^= 2;
  await Deno.chmod(largest.path, 0o644);
  await Deno.writeFile(largest.path, bytes);
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesBelow(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

/** Bytes that chunks and compression find nothing equal in. */
function bytesOf(size: number): Uint8Array {
  let state = 7;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  });
}

for (
  const [size, at] of [[70_000, 60], [300_000, 299_990], [6_000_000, 60], [6_000_000, 5_999_000]]
) {
  slowTest(
    `a file of ${size} bytes that is damaged at ${at} says so, whole and in parts`,
    async () => {
      await using root = await tempRoot();
      await using registry = await openRegistry(root.join("r"), { create: true });
      await registry.save("data", bytesOf(size!));
      await damageLargest(root.join("r/objects"), at!);
      await using handler = createHandler(registry, { logger: SILENT });
      await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
      const service = new Service(`http://127.0.0.1:${server.addr.port}/`);
      const { files: [file] } = await openVersion(service, { name: "data", version: "1.0.0" });
      for (const [from, length] of [[0, size!], [Math.max(0, at! - 1000), 2000]]) {
        const error = await assertRejects(() => file!.read(from!, length!), Error);
        assertStringIncludes(error.message, "SHA-256", `${from} ${length}`);
      }
      await server.shutdown();
      const error = await assertRejects(() => file!.read(0, 10), Error);
      assertStringIncludes(error.message, "Cannot reach the service");
    },
  );
}

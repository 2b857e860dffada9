// A worker that is killed while it adds a part, after it stored the first file:
// `killed_worker.ts REGISTRY`.
import { openFolder } from "../create_registry.ts";
import process from "node:process";
import type { FileToSave } from "../../../materializers/mod.ts";
import { noise } from "../registries.ts";

const registry = await openFolder(Deno.args[0], { durability: "os" });
const draft = await registry.openDraft("data", { id: "1" });

async function* files(): AsyncGenerator<FileToSave> {
  yield { path: "0/a.bin", content: noise(300_000, 7) };
  yield { path: "0/b.bin", content: noise(300_000, 8) };
  for await (const entry of registry.backend.list("objects/")) {
    if ("key" in entry) process.kill(process.pid, "SIGKILL");
  }
}
await draft.addPart("0", files());
console.log("it was not killed");

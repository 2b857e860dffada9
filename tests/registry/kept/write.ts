// Writes the registry in tests/fixtures/registry, which later releases must read:
// deno run -A tests/registry/kept/write.ts
import { rm } from "node:fs/promises";
import { openRegistry } from "../../../mod.ts";
import { KEPT, MANY_FILES, PAYLOAD } from "./values.ts";

await rm(KEPT, { recursive: true, force: true });
const registry = await openRegistry(KEPT, { durability: "os", cache: false });
await registry.save("my:model", "first", { metadata: { accuracy: 0.5 }, version: "1.0.0+build.7" });
await registry.save("my:model", { answer: 42, big: 2n ** 70n }, { idempotencyKey: "run 7" });
await registry.save("my:model", "deleted");
await registry.save("my:model", "candidate", { version: "4.0.0-rc.1" });
await registry.delete("my:model@3");
await registry.setAlias("my:model", "production", "1");
await registry.setAlias("my:model", "production", "2");
await registry.setAlias("my:model", "été_🦊", "1");
await registry.deleteAlias("my:model", "été_🦊");
await registry.save("data/raw", PAYLOAD);
// shares the file of the first
await registry.save("data/raw", PAYLOAD, { inputs: ["my:model@2"] });
await registry.save("con", "compressed ".repeat(20_000), { compress: "gzip" });
await registry.save("many", MANY_FILES);
await registry[Symbol.asyncDispose]();
for (const n of ["", 1, 2, 3]) await rm(`${KEPT}/.reserve${n}`, { force: true }); // no reader needs them

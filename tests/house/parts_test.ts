import { assert, assertEquals } from "@std/assert";
import { measureParts, partOf } from "./parts.ts";

const LISTED = [
  "extensions/gateways/s3",
  "operators/surface",
  "extensions/queues/surface",
  "explorer/src/extensions/ome",
];

Deno.test("a file belongs to the kernel, a surface, an extension, or what they share", () => {
  const parts = {
    "mod.ts": ["kernel", "kernel"],
    "apps/client/wire.ts": ["kernel", "kernel"],
    "apps/server/app.ts": ["surface", "apps/server"],
    "python/client.py": ["surface", "python"],
    "extensions/gateways/s3/xml.ts": ["extension", "extensions/gateways/s3"],
    "operators/mod.ts": ["extension", "operators/surface"],
    "extensions/queues/surface/jobs.ts": ["extension", "extensions/queues/surface"],
    "extensions/queues/memory.ts": ["shared", "queues"],
    "files/ome.ts": ["extension", "explorer/src/extensions/ome"],
    "explorer/src/extensions/ome/view.ts": ["extension", "explorer/src/extensions/ome"],
    "explorer/src/main.ts": ["surface", "explorer/src"],
    "apps/maintenance.ts": ["shared", "apps"],
  };
  for (const [path, [kind, name]] of Object.entries(parts)) {
    assertEquals(partOf(path, LISTED) as unknown, { kind, name }, path);
  }
  assertEquals(partOf("close_test.ts", LISTED), undefined, "a test of all parts");
});

Deno.test("each extension is a part, and each part has tests", async () => {
  const parts = await measureParts();
  const names = parts.filter(({ kind }) => kind === "extension").map(({ name }) => name);
  for (const name of LISTED) assert(names.includes(name), name);
  assertEquals(parts.filter(({ tests }) => tests === 0), [], "parts without tests");
});

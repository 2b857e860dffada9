import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Lineage } from "../../../registry/mod.ts";
import type { Registry } from "../../../mod.ts";
import type { Upload } from "../../../registry/uploads.ts";
import { commitUpload, createUpload, presignDownload } from "../../../registry/uploads.ts";
import { digestOfValue, lineageOf, openRegistry } from "../../../mod.ts";
import { collectGarbage, verifyRegistry } from "../../../registry/maintenance.ts";
import { rejected } from "../rejected.ts";
import { withoutStore } from "./without_store.ts";

Deno.test("lineageOf() and digestOfValue() need no store", async () => {
  const registry = withoutStore(await openRegistry("memory:"));
  const { digest } = await registry.save("data", [1, 2, 3]);
  assertEquals(await digestOfValue(registry, [1, 2, 3]), digest);
  await registry.save("clean", [1], { inputs: [{ ref: "data@1", digest }] });
  await registry.save("model", { w: 1 }, { inputs: ["clean@1"] });
  const { edges } = await lineageOf(registry, "clean");
  const both = [{ from: "data@1.0.0", to: "clean@1.0.0" }, {
    from: "clean@1.0.0",
    to: "model@1.0.0",
  }];
  assertEquals(edges, both);
});

Deno.test("functions on the store are Unsupported without one", async () => {
  const registry = withoutStore(await openRegistry("memory:"));
  await registry.save("a", 1);
  const upload = { id: "1", files: [{ path: "a" }] };
  const calls = [
    () => collectGarbage(registry),
    () => verifyRegistry(registry),
    () => createUpload(registry, { files: ["a"] }),
    () => commitUpload(registry, upload, { name: "a" }),
    () => presignDownload(registry, "a"),
  ];
  for (const call of calls) {
    const { message, hint } = await rejected("Unsupported", call());
    assertEquals(
      message.includes("behind memory:") &&
        hint?.includes("openRegistry"),
      true,
      message,
    );
  }
});

Deno.test("functions of the registry's service are called", async () => {
  const inner = withoutStore(await openRegistry("memory:"));
  await inner.save("a", 1);
  const lineage = { root: "a@1.0.0" } as Lineage, upload = { id: "7" } as Upload;
  const saved = await inner.save("b", 1),
    link = { url: "https://…", expiresAt: new Date(0), file: undefined as never };
  const asked: unknown[][] = [];
  const given = <T>(result: T) => (...args: unknown[]) => {
    asked.push(args);
    return Promise.resolve(result);
  };
  const registry: Registry = {
    ...inner,
    service: {
      lineage: given(lineage),
      createUpload: given(upload),
      commitUpload: given(saved),
      presignDownload: given(link),
    },
  };
  assertStrictEquals(await lineageOf(registry, "a", { depth: 2 }), lineage);
  assertStrictEquals(await createUpload(registry, { files: ["x"] }), upload);
  assertStrictEquals(await commitUpload(registry, upload, { name: "c" }), saved);
  assertStrictEquals(await presignDownload(registry, "a", { path: "x" }), link);
  assertEquals(asked, [["a", { depth: 2 }], [{ files: ["x"] }], [upload, { name: "c" }], ["a", {
    path: "x",
  }]]);
  await rejected("Invalid", lineageOf(registry, "a", { depth: 0 }));
});

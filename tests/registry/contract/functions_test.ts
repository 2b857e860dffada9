import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Lineage } from "../../../registry/mod.ts";
import type { Registry } from "../../../mod.ts";
import { presignDownload } from "../../../extensions/transfers/mod.ts";
import { digestValue, openRegistry, readLineage } from "../../../mod.ts";
import { collectGarbage, measureSpace } from "../../../extensions/maintenance/mod.ts";
import { rejected } from "../rejected.ts";
import { withoutStore } from "./without_store.ts";

Deno.test("readLineage() and digestValue() need no store", async () => {
  const registry = withoutStore(await openRegistry("memory:"));
  const { digest } = await registry.save("data", [1, 2, 3]);
  assertEquals(await digestValue(registry, [1, 2, 3]), digest);
  await registry.save("clean", [1], { inputs: [{ ref: "data@1", digest }] });
  await registry.save("model", { w: 1 }, { inputs: ["clean@1"] });
  const { edges } = await readLineage(registry, "clean");
  const both = [{ from: "data@1.0.0", to: "clean@1.0.0" }, {
    from: "clean@1.0.0",
    to: "model@1.0.0",
  }];
  assertEquals(edges, both);
});

Deno.test("functions on the store are Unsupported without one", async () => {
  const registry = withoutStore(await openRegistry("memory:"));
  await registry.save("a", 1);
  const calls = [
    () => collectGarbage(registry),
    () => measureSpace(registry),
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
  const lineage = { root: "a@1.0.0" } as Lineage;
  const link = { url: "https://…", expiresAt: new Date(0), file: undefined as never };
  const asked: unknown[][] = [];
  const given = <T>(result: T) => (...args: unknown[]) => {
    asked.push(args);
    return Promise.resolve(result);
  };
  const registry: Registry = {
    ...inner,
    service: {
      lineage: given(lineage),
      presignDownload: given(link),
    },
  };
  assertStrictEquals(await readLineage(registry, "a", { depth: 2 }), lineage);
  assertStrictEquals(await presignDownload(registry, "a", { path: "x" }), link);
  assertEquals(asked, [["a", { depth: 2 }], ["a", { path: "x" }]]);
  await rejected("Invalid", readLineage(registry, "a", { depth: 0 }));
});

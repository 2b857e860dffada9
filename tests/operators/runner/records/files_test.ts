import { assertEquals, assertRejects } from "@std/assert";
import { defineMaterializer, openRegistry, type Registry, RegistryError } from "../../../../mod.ts";
import { readRecord, saveRecord } from "../../../../operators/runner/records/files.ts";

Deno.test("a record that is saved while somebody looks for it is found", async () => {
  const registry = await openRegistry("memory:");
  const record = { kind: "failure", effect: "e", error: {} };
  let opened = 0;
  const open: Registry["open"] = async (ref, options) => {
    try {
      return await registry.open(ref, options);
    } finally {
      if (++opened === 1) {
        await saveRecord(registry, { name: "nightly:step", record }, { version: "1.0.0" });
      }
    }
  };
  const slow = { ...registry, open } as Registry;
  const found = await readRecord(slow, "nightly:step@1.0.0", { kind: "failure" });
  assertEquals([found?.record, opened], [record, 2]);
  assertEquals(await readRecord(slow, "nightly:step@2.0.0", { kind: "failure" }), undefined);
});

Deno.test("a damaged record that comes while somebody looks for it is Corrupt", async () => {
  const registry = await openRegistry("memory:");
  const materializer = defineMaterializer({
    id: "test/damaged",
    save: () => [{ path: "record.json", content: new TextEncoder().encode("{") }],
    load: () => undefined,
  });
  let opened = 0;
  const open: Registry["open"] = async (ref, options) => {
    if (++opened > 1) return await registry.open(ref, options);
    await registry.save("nightly:step", 1, { version: "1.0.0", materializer });
    throw new RegistryError({ code: "NotFound", message: "Cannot open: it comes later" });
  };
  const slow = { ...registry, open } as Registry;
  const reading = readRecord(slow, "nightly:step@1.0.0", { kind: "failure" });
  assertEquals([(await assertRejects(() => reading, RegistryError)).code, opened], ["Corrupt", 2]);
});

import { assertEquals, assertRejects } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import type { Registry } from "../../../../mod.ts";
import { RegistryError } from "../../../../mod.ts";
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
  let opened = 0;
  const open: Registry["open"] = async (ref, options) => {
    if (++opened === 1) {
      await registry.save("nightly:step", new Blob(["{"]), { version: "1.0.0" });
      throw new RegistryError({ code: "NotFound", message: "Cannot open: it comes later" });
    }
    const artifact = await registry.open(ref, options);
    const [{ path }] = artifact.info.files;
    const info = { ...artifact.info, files: [{ ...artifact.info.files[0], path: "record.json" }] };
    return { ...artifact, info, file: () => artifact.file(path) } as typeof artifact;
  };
  const slow = { ...registry, open } as Registry;
  const reading = readRecord(slow, "nightly:step@1.0.0", { kind: "failure" });
  assertEquals([(await assertRejects(() => reading, RegistryError)).code, opened], ["Corrupt", 2]);
});

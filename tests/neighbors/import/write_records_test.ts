// The writer of all importers, without a command line.
import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { openRegistry } from "../../../mod.ts";
import type { FoundModel } from "../../../neighbors/import/records.ts";
import { RecordWriter } from "../../../neighbors/import/write_records.ts";

function modelOf(content: () => Uint8Array): FoundModel {
  const files = [{
    path: "w",
    content: { size: 1, stream: () => ReadableStream.from([content()]) },
  }];
  const open = () => Promise.resolve({ files, problems: [] });
  const version = { version: "1.0.0", labels: new Map(), metadata: {}, open };
  return { kind: "model", name: "a", labels: new Map(), aliases: new Map(), versions: [version] };
}

Deno.test("an interrupted save ends as interrupted, whatever its outcome is", async () => {
  await using registry = await openRegistry("memory:");
  for (const code of ["Unknown", "Corrupt"] as const) {
    const stop = new AbortController();
    const model = modelOf(() => {
      stop.abort(new Error("stopped"));
      throw new RegistryError({ code, message: "no answer" });
    });
    const writer = new RecordWriter(registry, { signal: stop.signal });
    const records = ReadableStream.from([model]);
    await assertRejects(() => writer.write(records), Error, "stopped");
  }
});

Deno.test("a version that cannot be saved is not counted", async () => {
  await using registry = await openRegistry("memory:");
  const model = modelOf(() => {
    throw new RegistryError({ code: "Corrupt", message: "it is damaged" });
  });
  const report = await new RecordWriter(registry, {}).write(ReadableStream.from([model]));
  assertEquals([report.versions, report.files, report.bytes], [0, 0, 0]);
  assertEquals(report.notImported, [
    { kind: "failed", what: "a@1.0.0", reason: "it is damaged" },
  ]);
});

// Parts of imported folders that extensions keep, here of a bucket.
import { assertEquals } from "@std/assert";
import type { CommandContext } from "../../../../../apps/cli/extending.ts";
import type { Extension } from "../../../../../apps/cli/program/extension.ts";
import { createMemoryBackend } from "../../../../../backends/memory.ts";
import { invalid, sha256 } from "../../../../../core/kernel.ts";
import { createBucketFiles } from "../../../../../files/mod.ts";
import { openRegistry } from "../../../../../mod.ts";
import { keptBy } from "../../../../../extensions/neighbors/import/files/beside.ts";
import { parsePattern } from "../../../../../extensions/neighbors/import/files/pattern.ts";
import { FilesReader } from "../../../../../extensions/neighbors/import/files/read_files.ts";
import { SourceFiles } from "../../../../../extensions/neighbors/import/source_files.ts";
import { RecordWriter } from "../../../../../extensions/neighbors/import/write_records.ts";

/** An extension that keeps `sum`, the SHA-256 of all files together. */
function sums(kept: string[]): Extension {
  return {
    name: "sums",
    adding: [{
      to: ["import files"],
      options: [],
      among: () => async ({ path, files }) => {
        const sum = files.find((file) => file.path === "sum");
        if (sum === undefined || !("stream" in sum.content)) return undefined;
        const expected = await new Response(sum.content.stream()).text();
        return {
          files: ["sum"],
          check(hashed) {
            const found = sha256(hashed.map(({ sha256 }) => sha256).sort().join());
            if (found !== expected) throw invalid("import", path, "wrong sum");
          },
          after: ({ name, version }) => Promise.resolve({ kept: kept.push(`${name}@${version}`) }),
        };
      },
    }],
  };
}

Deno.test("an import reads each file once, and saves nothing that does not fit", async () => {
  const backend = createMemoryBackend();
  const text = (value: string) => new TextEncoder().encode(value);
  const large = new Uint8Array(3_000_000).fill(7);
  const right = sha256([sha256(large), sha256(""), sha256("b")].sort().join());
  for (const [version, sum] of [["1", right], ["2", "wrong"], ["4", sha256(sha256(""))]]) {
    await backend.put(`a/${version}/sum`, text(sum!));
    await backend.put(`a/${version}/empty`, new Uint8Array());
    if (version === "4") continue; // has empty files alone
    await backend.put(`a/${version}/large`, large);
    await backend.put(`a/${version}/deep/b`, text("b"));
  }
  await backend.put("a/3/b", text("b"));
  const opened: string[] = [];
  const store = createBucketFiles({ backend });
  const open = store.open.bind(store);
  store.open = (path, options) => (opened.push(path), open(path, options));
  await using registry = await openRegistry("memory:");
  const kept: string[] = [];
  const keeps = keptBy([sums(kept)], {}, {} as CommandContext);
  const { parts } = parsePattern("s3://bucket/{name}/{version}");
  const records = () =>
    new FilesReader({ files: new SourceFiles(store), parts, keeps }, { nameOf: (name) => name })
      .records();
  const { versions, files, notImported } = await new RecordWriter(registry, {}).write(records());
  assertEquals([versions, files], [3, 5]);
  assertEquals(notImported.map(({ what }) => what), ["a@2.0.0"]);
  assertEquals(kept, ["a@1.0.0", "a@4.0.0"]);
  assertEquals(await registry.has("a@2.0.0"), false);
  const { files: saved } = await registry.info("a@1.0.0");
  assertEquals(saved.map(({ path }) => path), ["deep/b", "empty", "large"]);
  assertEquals(opened.filter((path) => path === "a/1/large").length, 1);

  await new RecordWriter(registry, {}).write(records());
  assertEquals(kept.slice(2), ["a@1.0.0", "a@4.0.0"], "an import that was interrupted goes on");
});

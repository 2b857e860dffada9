// `holdfast import files`: what arrives, and what is refused.
import { assertEquals, assertMatch } from "@std/assert";
import { symlink } from "node:fs/promises";
import { join } from "@std/path";
import { createMemoryBackend } from "../../../../../backends/memory.ts";
import { createBucketFiles } from "../../../../../files/mod.ts";
import { openRegistry } from "../../../../../mod.ts";
import { parsePattern } from "../../../../../extensions/neighbors/import/files/pattern.ts";
import { FilesReader } from "../../../../../extensions/neighbors/import/files/read_files.ts";
import { filesOfBucket } from "../../../../../extensions/neighbors/import/run_import.ts";
import { SourceFiles } from "../../../../../extensions/neighbors/import/source_files.ts";
import { RecordWriter } from "../../../../../extensions/neighbors/import/write_records.ts";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { writeTree } from "../mlflow/write_mlruns.ts";
import { reportLines } from "../report_lines.ts";

async function imported(it: CliTest, pattern: string, flags: string[] = []) {
  const line = ["import", "files", pattern, ".holdfast", "--create", "--json", ...flags];
  const { code, out, err } = await it.holdfast(line);
  assertMatch(out, /^\{/, err);
  const lines = reportLines(out);
  return { code, problems: lines.slice(0, -1), report: lines.at(-1) };
}

async function versionsIn(it: CliTest, name: string): Promise<string[]> {
  const lines = await it.jsonLines(`versions ${name} --json`);
  return lines.map(({ version }) => version).sort();
}

cliTest("versions of names are folders, and a second import adds what is new", async (it) => {
  await writeTree(join(it.cwd, "models"), {
    "team/bert/1/w.bin": "one",
    "team/bert/1/deep/x.txt": "x",
    "team/bert/v002/w.bin": "two",
    "team/bert/2026-11-29/w.bin": "date",
    "team/gpt/1.5.0-rc.1/w.bin": "five",
  });
  const pattern = "./models/{name}/{name}/{version}";
  const { code, report } = await imported(it, pattern);
  assertEquals([code, report.versions, report.files, report.bytes], [0, 4, 5, 15]);
  assertEquals(await versionsIn(it, "team/bert"), ["1.0.0", "2.0.0", "2026.11.29"]);
  assertEquals(await versionsIn(it, "team/gpt"), ["1.5.0-rc.1"]);
  const { metadata, files } = await it.json("info team/bert@1 --json");
  assertMatch(metadata.source, /^file:.*\/models\/team\/bert\/1$/);
  assertMatch(metadata.modified, /^\d{4}-.*Z$/);
  assertEquals(files.map(({ path }: { path: string }) => path), ["deep/x.txt", "w.bin"]);
  await it.prints("cat team/bert@2 w.bin", "two");

  await writeTree(join(it.cwd, "models"), {
    "team/bert/1/w.bin": "changed",
    "team/bert/3/w.bin": "three",
  });
  await it.succeeds("rm team/gpt --all --yes");
  const second = (await imported(it, pattern)).report;
  assertEquals([second.versions, second.unchanged], [1, 4]); // what was deleted here stays deleted
  await it.prints("cat team/bert@1 w.bin", "one");
});

cliTest("a dry run writes nothing, and a summary is printed", async (it) => {
  await writeTree(it.cwd, { "out/a-v1.onnx": "a", "out/a-v2.onnx": "a", "out/b-c-v1.onnx": "b" });
  const line = ["import", "files", "out/{name}-v{version}.onnx", ".holdfast", "--create"];
  await it.prints([...line, "--dry-run"], "Would import 3 versions (3 files, 3 B), 0 unchanged\n");
  await it.fails("ls", 3);
  await it.prints(line, "Imported 3 versions (3 files, 3 B), 0 unchanged\n");
  assertEquals(await versionsIn(it, "b-c"), ["1.0.0"]);
  const { files } = await it.json("info a@2 --json");
  assertEquals(files.map(({ path }: { path: string }) => path), ["a-v2.onnx"]);
});

cliTest("patterns with one name, without versions, and with literal parts", async (it) => {
  await writeTree(it.cwd, { "r/1/model/w": "1", "r/2/model/w": "2", "r/2/log/w": "3", "r/x": "4" });
  const one = await imported(it, "r/{version}/model", ["--name", "bert"]);
  assertEquals([one.code, one.report.versions, one.report.files], [0, 2, 2]);
  assertEquals(one.problems, [{ action: "left", what: '"x"', reason: "it is a file" }]);
  const { report } = await imported(it, "r/{name}", ["--rename", "=m/", "--prefix", "x"]);
  assertEquals(report.versions, 1);
  assertEquals(await versionsIn(it, "m/x"), ["1.0.0"]);
});

cliTest("links to versions are aliases; no other link is read", async (it) => {
  await writeTree(it.cwd, { "secret/w": "s", "m/a/1/w": "1", "m/a/2/w": "2", "m/b/1/w": "1" });
  const link = (target: string, path: string) => symlink(target, join(it.cwd, path));
  await link("1", "m/a/production");
  await link("2", "m/a/latest");
  await link("../../secret", "m/a/3");
  await link("../b/1", "m/a/other");
  await link("../secret", "m/c");
  await link("../../../secret/w", "m/b/1/w2");
  const { code, report, problems } = await imported(it, "m/{name}/{version}");
  assertEquals([code, report.versions, report.aliases], [1, 2, 1]);
  assertEquals(problems.map(({ action, what, reason }) => [action, what, reason]).sort(), [
    ["failed", '"a/3"', "it is a link"],
    ["failed", '"a/other"', "it is a link"],
    ["failed", "b@1.0.0", '"b/1/w2" is a link'],
    ["left", '"c"', "it is a link"],
  ]);
  await it.prints("cat a@production w", "1");
  const partial = await imported(it, "m/{name}/{version}", ["--partial"]);
  assertEquals([partial.report.versions, partial.report.unchanged], [1, 2]);
  assertEquals((await it.json("info b --json")).files.length, 1);
});

cliTest("places that do not fit are listed, and the rest is imported", async (it) => {
  await writeTree(it.cwd, {
    "m/ok/1/w": "1",
    "m/ok/v1/w": "again",
    "m/ok/final/w": "f",
    "m/ok/1.2.3.4/w": "f",
    "m/-x/1/w": "1",
    "m/a@b/1/w": "1",
    "m/readme.md": "r",
  });
  const { code, report, problems } = await imported(it, "m/{name}/{version}");
  assertEquals([code, report.left], [1, 1]);
  const words = problems.map(({ what, reason }) => `${what}: ${reason}`).join("\n");
  for (
    const part of [
      /"ok\/v1": 1\.0\.0 is also "ok\/1"|"ok\/1": 1\.0\.0 is also "ok\/v1"/,
      /"ok\/final": "final" is not a version/,
      /"1\.2\.3\.4" is not a version/,
      /-x.*looks like an option/,
      /a@b.*@ separates/,
      /"readme\.md": it is a file/,
    ]
  ) assertMatch(words, part);
  assertEquals(report.versions, 1);
});

cliTest("a registry and hidden folders in the source are left out", async (it) => {
  await writeTree(it.cwd, { "a/1/w": "1", ".git/2/w": "2", ".x/.3/w": "3" });
  await it.succeeds("init");
  const { code, report, problems } = await imported(it, "./{name}/{version}");
  assertEquals([code, report.versions], [0, 1]);
  assertEquals(problems.map(({ what }) => what).sort(), ['".git"', '".holdfast"', '".x"']);
  assertEquals((await imported(it, ".{name}/.{version}", ["--prefix", "x"])).report.versions, 1);
});

cliTest("names that are not UTF-8 and pipes are problems", async (it) => {
  await writeTree(it.cwd, { "m/a/1/w": "1", "m/a/2/w": "2" });
  const script =
    "mkfifo m/a/1/pipe m/pipe; mkdir -p m/x:y/1 \"$(printf 'm/bad\\377/1')\"; printf x > \"$(printf 'm/a/2/bad\\377')\"";
  await new Deno.Command("sh", { args: ["-c", script], cwd: it.cwd }).output();
  const { code, report, problems } = await imported(it, "m/{name}/{version}");
  assertEquals([code, report.versions, problems.length], [1, 0, 5]);
  for (const { reason } of problems) {
    assertMatch(reason, /is a pipe or a device, or its name is not/);
  }
  assertEquals((await imported(it, "m/{name}/{version}", ["--partial"])).report.versions, 2);
}, { ignore: Deno.build.os !== "linux" });

const WRONG: Record<string, RegExp> = {
  "models/bert": /neither \{name\} nor \{version\}/,
  "models/{name}/{version}/{version}": /more than once/,
  "models/{nmae}/{version}": /\{nmae\} is not a placeholder/,
  "models/{name}/{version": /\{version is not a placeholder/,
  "models/**/{name}": /\*\* is not supported/,
  "models/{name}/../{version}": /the part "\.\."/,
  "models/{name}//{version}": /the part ""/,
  "s3://{name}/{version}": /bucket is a placeholder/,
  "models/{name}*{name}*/{version}": /more than 3/,
  "nowhere/{name}/{version}": /no such folder\nhint: Check the path/,
  "{name}/nothing/{version}": /no file and no folder matches/,
};

cliTest("wrong patterns are refused, and nothing is created", async (it) => {
  await writeTree(it.cwd, { "models/x": "" });
  for (const [pattern, words] of Object.entries(WRONG)) {
    const { code, err } = await it.holdfast(["import", "files", pattern, "to", "--create"]);
    assertMatch(err, words);
    assertEquals([code === 2 || code === 3, pattern], [true, pattern]);
  }
  const line = ["import", "files", "models/{version}", "to", "--create"];
  await it.fails(line, 2, "it has no {name}");
  await it.fails(["import", "files", "{name}/{version}", "to", "--name", "a"], 2, "given, too");
  await it.fails("ls -r to", 3);
});

Deno.test("keys of a bucket that are no paths are not read", async () => {
  const backend = createMemoryBackend();
  for (
    const key of ["m/a/1/w", "m/a/2//w", "m/a/../b/1/w", "m/a/3/../../x", "m//1/w", "/m/a/4/w"]
  ) {
    await backend.put(key, new Uint8Array([1]));
  }
  await using registry = await openRegistry("memory:");
  const files = new SourceFiles(createBucketFiles({ backend }));
  const { parts } = parsePattern("s3://bucket/{name}/{name}/{version}");
  const reader = new FilesReader({ files, parts }, { nameOf: (name) => name });
  const report = await new RecordWriter(registry, {}).write(reader.records());
  assertEquals([report.versions, report.files], [1, 1]);
  assertEquals(await Array.fromAsync(registry.names()), ["m/a"]);
});

Deno.test("URLs of buckets keep their parameters, in the pattern and in `source`", async () => {
  const query = "?endpoint=http://127.0.0.1:9000";
  assertEquals(parsePattern(`minio://bucket/{version}${query}`).base, `minio://bucket${query}`);
  const { base, parts } = parsePattern(`minio://bucket/m/{name}/{version}${query}`);
  assertEquals([base, parts.length], [`minio://bucket/m${query}`, 2]);
  const backend = createMemoryBackend();
  await backend.put("a/1/w", new Uint8Array([1]));
  const store = createBucketFiles({ backend });
  Object.defineProperty(store, "location", { value: base });
  await using registry = await openRegistry("memory:");
  const reader = new FilesReader({ files: new SourceFiles(store), parts }, {
    nameOf: (name) => name,
  });
  await new RecordWriter(registry, {}).write(reader.records());
  const { metadata } = await registry.info("a@1.0.0");
  assertEquals(metadata.source, `minio://bucket/m/a/1${query}`);
});

cliTest("no message shows what is secret in a URL", async (it) => {
  for (
    const line of [
      ["import", "files", "s3://key:s3cret@bucket/{nmae}", "to"],
      ["import", "files", "s3://key:s3cret@bucket/{name}", "to"],
      ["import", "files", "s3://key:s3cret@bucket/{version}", "to"],
      ["import", "files", "s3://bucket/{version}?token=s3cret", "to"],
      ["import", "dvc", "https://s3cret@example.com/me/digits.git", "to"],
      ["import", "dvc", ".", "to", "--remote", "s3://key:s3cret@bucket"],
    ]
  ) {
    const { code, out, err } = await it.holdfast([...line, "--create"]);
    assertEquals([code > 0, (out + err).includes("s3cret")], [true, false], err);
  }
});

Deno.test("versions that another import saves meanwhile are unchanged", async () => {
  const backend = createMemoryBackend();
  for (const key of ["a/1/w", "a/2/w"]) await backend.put(key, new Uint8Array([1]));
  await using registry = await openRegistry("memory:");
  const files = new SourceFiles(createBucketFiles({ backend }));
  const { parts } = parsePattern("s3://bucket/{name}/{version}");
  const records = () => new FilesReader({ files, parts }, { nameOf: (name) => name }).records();
  async function* overtaken() {
    for await (const record of records()) {
      if (record.kind !== "model") yield record;
      else {
        const versions = record.versions.map((version) => ({
          ...version,
          open: async () => {
            await new RecordWriter(registry, {}).write(records());
            return await version.open();
          },
        }));
        yield { ...record, versions };
      }
    }
  }
  const report = await new RecordWriter(registry, {}).write(overtaken());
  const { versions, files: count, unchanged, notImported } = report;
  assertEquals([versions, count, unchanged, notImported], [0, 0, 2, []]);
});

Deno.test("objects whose keys are not paths are problems, but marks of folders are not", async () => {
  const backend = createMemoryBackend();
  const put = (key: string, text: string) => backend.put(key, new TextEncoder().encode(text));
  for (const key of ["ok/1/", "ok/1/sub/"]) await put(key, "");
  for (const name of ["ok", "slash", "double", "own"]) await put(`${name}/1/w`, "w");
  const strange = ["slash/1/x/", "double/1//y", "own/1/.holdfast-z/y"];
  for (const key of strange) await put(key, "lost");
  await using registry = await openRegistry("memory:");
  const files = new SourceFiles(filesOfBucket(backend));
  const { parts } = parsePattern("s3://bucket/{name}/{version}");
  const records = new FilesReader({ files, parts }, { nameOf: (name) => name }).records();
  const { versions, notImported } = await new RecordWriter(registry, {}).write(records);
  assertEquals([versions, notImported.map(({ reason }) => reason)], [
    1,
    ["double/1//", "own/1/.holdfast-z/", "slash/1/x/"].map((key) =>
      `"${key}" has content, and its key is not a path`
    ),
  ]);
});

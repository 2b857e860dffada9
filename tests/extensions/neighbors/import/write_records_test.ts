// The writer of all importers, without a command line.
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { RegistryError } from "../../../../core/errors.ts";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { reasonToKeep } from "../../../../extensions/neighbors/import/alias_here.ts";
import { annotate } from "../../../../registry/mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import "../../../../extensions/signatures/conditions.ts";
import type { FoundModel, FoundRun } from "../../../../extensions/neighbors/import/records.ts";
import type { Metric } from "../../../../extensions/runs/mlflow/points.ts";
import { RecordWriter } from "../../../../extensions/neighbors/import/write_records.ts";

function modelOf(content: () => Uint8Array): FoundModel {
  const files = [{
    path: "w",
    content: { size: 1, stream: () => ReadableStream.from([content()]) },
  }];
  const open = () => Promise.resolve({ files, problems: [], has: { files: 1 } });
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

Deno.test("of two imports at once, each counts what it saved itself", async () => {
  await using registry = await openRegistry("memory:");
  const points = () => ReadableStream.from<Metric>([]);
  const run = (id: string): FoundRun => ({
    kind: "run",
    key: { name: "r", id },
    open: () =>
      Promise.resolve({
        status: "FINISHED",
        startedMs: 1,
        endedMs: 2,
        params: new Map(),
        tags: new Map(),
        points: points(),
        files: [],
        has: {},
        problems: [],
      }),
  });
  const records = () => ReadableStream.from([run("1"), run("2"), modelOf(() => new Uint8Array(1))]);
  const one = new RecordWriter(registry, {}), other = new RecordWriter(registry, {});
  const reports = await Promise.all([one.write(records()), other.write(records())]);
  const sum = (member: "runs" | "versions" | "unchanged") =>
    reports.reduce((sum, report) => sum + report[member], 0);
  assertEquals([sum("runs"), sum("versions"), sum("unchanged")], [2, 1, 3]);
  assertEquals(reports.map(({ notImported }) => notImported), [[], []]);
});

Deno.test("an alias follows its source until it is changed here, also after an interruption", async () => {
  let now = 1_700_000_000_000;
  await using registry = await openRegistry("memory:", {
    mutable: true,
    system: { ...realSystem, now: () => now++ },
  });
  const [first] = modelOf(() => new Uint8Array(1)).versions;
  const write = async (versions: readonly string[], prod?: string) => {
    const { aliases, notImported } = await new RecordWriter(registry, {}).write(
      ReadableStream.from<FoundModel>([{
        ...modelOf(() => new Uint8Array(1)),
        aliases: new Map(prod === undefined ? [] : [["prod", prod]]),
        versions: versions.map((version) => ({ ...first!, version })),
      }]),
    );
    return [aliases, notImported.map(({ kind, reason }) => `${kind}: ${reason}`).join()];
  };
  assertEquals(await write(["1.0.0"], "1.0.0"), [1, ""]);
  await write(["1.0.0", "2.0.0"]); // as if it was stopped before the alias
  assertEquals(await write(["1.0.0", "2.0.0"], "2.0.0"), [1, ""]);
  assertEquals(await write(["1.0.0", "2.0.0"], "1.0.0"), [
    0,
    "left: it is 2.0.0 here, and 1.0.0 there",
  ]);
  const there = { alias: "prod", version: "2.0.0" }; // another import has just set it
  assertEquals(await reasonToKeep(registry, "a", there), undefined);
  await registry.deleteAlias("a", "prod");
  assertEquals(await write(["1.0.0", "2.0.0"], "2.0.0"), [0, "left: it was deleted here"]);
  await registry.delete("a@2.0.0");
  assertEquals(await write(["1.0.0", "2.0.0"], "2.0.0"), [0, "left: 2.0.0 was deleted here"]);
});

Deno.test("notes that are too long are left out, and do not stop labels and aliases", async () => {
  await using registry = await openRegistry("memory:");
  const [first] = modelOf(() => new Uint8Array(1)).versions;
  const model: FoundModel = {
    ...modelOf(() => new Uint8Array(1)),
    notes: "x".repeat(70_000),
    aliases: new Map([["prod", "1.0.0"]]),
    versions: [{ ...first!, notes: "x".repeat(70_000), labels: new Map([["ok", "yes"]]) }],
  };
  for (const aliases of [1, 0]) {
    const report = await new RecordWriter(registry, {}).write(ReadableStream.from([model]));
    assertEquals(report.aliases, aliases);
    const state = "it has 70012 bytes as JSON, more than 65536";
    const reason = `its notes are not imported: Cannot save notes and labels: ${state}`;
    assertEquals(report.notImported, [
      { kind: "left", what: "a@1.0.0", reason },
      { kind: "left", what: "a", reason },
    ]);
  }
  const { annotations } = await registry.info("a@prod", { annotations: true });
  assertEquals(annotations?.labels, { ok: "yes" });
});

/** Models that a registry refuses in part, and the words of the problem. */
const REFUSED: Record<string, [change: Partial<FoundModel>, words: RegExp]> = {
  "a key that is too long": [
    { key: "digest", versions: [{ ...version(), version: "x".repeat(300) }] },
    /it is too long/,
  ],
  "metadata that is too large": [
    { versions: [{ ...version(), metadata: { refs: "x".repeat(70_000) } }] },
    /more than 65536/,
  ],
  "a wrong version": [{ versions: [{ ...version(), version: "one" }] }, /one/],
  "a wrong alias": [{ aliases: new Map([["1.0", "1.0.0"]]) }, /alias/],
  "an alias of a version that is not there": [
    { aliases: new Map([["prod", "2.0.0"]]) },
    /2\.0\.0 was not imported/,
  ],
  "notes that are too long": [{ notes: "x".repeat(70_000) }, /its notes are not imported/],
  "labels that are too long": [
    { versions: [{ ...version(), labels: new Map([["a", "x".repeat(70_000)]]) }] },
    /its labels are not imported/,
  ],
};

function version() {
  return modelOf(() => new Uint8Array(1)).versions[0]!;
}

for (const [what, [change, words]] of Object.entries(REFUSED)) {
  Deno.test(`a dry run reports ${what}, as the import does`, async () => {
    await using registry = await openRegistry("memory:");
    const reports = [];
    for (const dryRun of [true, false]) {
      const model = { ...modelOf(() => new Uint8Array(1)), ...change };
      reports.push(
        await new RecordWriter(registry, { dryRun }).write(ReadableStream.from([model])),
      );
      if (dryRun) assertEquals(await Array.fromAsync(registry.names()), []);
    }
    const [dry, real] = reports;
    assertEquals(dry, real);
    assertMatch(JSON.stringify(real?.notImported), words);
  });
}

Deno.test("labels that rules require as reviews are not imported, nor is a claimed user an author", async () => {
  const backend = createMemoryBackend();
  const as = async (by: string) => await openRegistry(backend, { by, mutable: true });
  const [ann, job] = [await as("ann"), await as("job")];
  const promote = { review: "reviewed-by" };
  await changeRules(ann, { set: { pattern: "a", protectAliases: ["prod"], promote } });
  const user = { tags: { "mlflow.user": "bob" }, mlflow: { user: "bob" } };
  const model = (labels: Record<string, string>, aliases: Record<string, string> = {}) => ({
    ...modelOf(() => new Uint8Array(1)),
    aliases: new Map(Object.entries(aliases)),
    versions: [{ ...version(), labels: new Map(Object.entries(labels)), metadata: user }],
  });
  const write = async (by: Registry, ...args: Parameters<typeof model>) => {
    const records = ReadableStream.from([model(...args)]);
    return (await new RecordWriter(by, {}).write(records)).notImported.map(({ reason }) => reason);
  };
  const reason = 'its label "reviewed-by" is not imported: a rule requires it as a review';
  assertEquals(await write(ann, { ok: "yes" }), []);
  // The author of the version has labelled it at the source, and another author's import goes on.
  assertEquals(await write(job, { ok: "yes", "reviewed-by": "bob", more: "1" }), [reason]);
  const { by, annotations } = await job.info("a@1", { annotations: true });
  assertEquals([by?.name, annotations?.labels], ["ann", { ok: "yes", more: "1" }]);
  const [, refused = ""] = await write(job, { "reviewed-by": "bob" }, { prod: "1.0.0" });
  assertMatch(refused, /prod/);
  const promoted = () => ann.setAlias("a", "prod", "1", { force: true });
  await assertRejects(promoted, RegistryError, 'the label "reviewed-by" is missing');
  await annotate(ann, "a@1", { labels: { "reviewed-by": "bob" } }); // claims to be bob
  await assertRejects(promoted, RegistryError, 'was set by "ann"');
});

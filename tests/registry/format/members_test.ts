// Members of the record of a version: each is checked when it is read, and infos have it.
import { assert, assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import type { ArtifactInfo } from "../../../core/artifact.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { recordProblem } from "../../../registry/format/record_shape.ts";
import { contextOf } from "../../../registry/operations/context.ts";
import { payloadSource } from "../../../registry/operations/load.ts";
import { membersOf } from "./interface_members.ts";
import { testInMemory } from "../registries.ts";
import { assertCopied, COPIED, saveMembers } from "./copied_members.ts";

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), "utf8");

const ID = "01951e2f-6c00-7abc-8def-0123456789ab";
const SHA = "0".repeat(64);
const TIME = "2025-02-19T12:00:00.000Z";

/** A record with all members. */
const RECORD: Required<VersionRecord> = {
  format: "holdfast/1",
  kind: "version",
  generation: 2,
  commit: ID,
  previous: ID,
  startedAt: TIME,
  createdAt: TIME,
  by: { name: "alice" },
  name: "a",
  version: "1.0.0",
  materializer: { id: "json", formatVersion: 1 },
  metadata: { x: 1 },
  inputs: ["b@1.0.0"],
  files: [],
  fileList: { object: 0, size: 2, sha256: SHA },
  digest: SHA,
  size: 2,
  key: "k",
  origin: { registry: ID, commit: ID },
  since: TIME,
  restored: [{
    commit: ID,
    deletedAt: TIME,
    restoredAt: TIME,
    deletedBy: { name: "alice" },
    restoredBy: { name: "alice" },
  }],
};

/** Members that `recordProblem` does not check, and why. */
const UNCHECKED: { readonly [Name in keyof VersionRecord]?: string } = {
  format: "the codec checks it",
  by: "`authorOf` drops what is not an author",
};

Deno.test("each member of a version is in FORMAT.md, checked, shown, in Python and in copies", async () => {
  const members = (await membersOf("core/record.ts", "VersionRecord")).sort();
  const tables = {
    RECORD,
    "SHOWN, in members_test.ts": SHOWN,
    "COPIED, in copied_members.ts": COPIED,
  };
  for (const [table, of] of Object.entries(tables)) {
    const missing = members.filter((name) => !Object.hasOwn(of, name));
    assertEquals(
      missing,
      [],
      `${table} lacks a member: add it, and follow the tests that then fail`,
    );
    assertEquals(Object.keys(of).sort(), members, table);
  }
});

Deno.test("each member of an info is of a record", async () => {
  const shown = new Set<unknown>(Object.values(SHOWN));
  const others = (await membersOf("core/artifact.ts", "ArtifactInfo")).filter((name) =>
    !shown.has(name)
  );
  assertEquals(others, ["annotations"], "records of notes have them");
});

Deno.test("a member of another type is a problem of the record", () => {
  assertEquals(recordProblem(RECORD), undefined);
  const unchecked = Object.entries(RECORD).flatMap(([name, value]) => {
    const wrong = { ...RECORD, [name]: typeof value === "number" ? "7" : 7 };
    return recordProblem(wrong) === undefined ? [name] : [];
  });
  assertEquals(unchecked.sort(), Object.keys(UNCHECKED).sort());
});

/** The member of the info for each one of the record, or why there is none. */
const SHOWN: Record<keyof VersionRecord, keyof ArtifactInfo | { not: string }> = {
  format: { not: "of the record" },
  kind: { not: "of the record" },
  generation: "generation",
  commit: "commit",
  previous: { not: "of the record" },
  startedAt: { not: "of the record" },
  createdAt: "createdAt",
  by: "by",
  name: "name",
  version: "version",
  materializer: "materializer",
  metadata: "metadata",
  inputs: "inputs",
  files: "files",
  fileList: { not: "it has the files" },
  digest: "digest",
  size: "size",
  key: "idempotencyKey",
  origin: "origin",
  since: { not: "`asOf` reads it" },
  restored: "restored",
};

testInMemory("an info has the members of the record", async ({ registry }) => {
  const { fileList: _, ...rest } = RECORD;
  const file = { path: "data.json", size: 2, sha256: SHA, inline: [0, 2] as [number, number] };
  const record = { ...rest, files: [file] };
  const info = { key: "k", size: 1, modifiedAt: 0 };
  const found = { record, info, inline: new Uint8Array(2) };
  const located = { record, found, generation: 2, cell: "c/" };
  const context = contextOf(registry, "test");
  const { info: shown } = await payloadSource(context, located as never);
  for (const [name, fact] of Object.entries(SHOWN)) {
    if (typeof fact === "string") assert(shown[fact] !== undefined, name);
  }
});

Deno.test("FORMAT.md names the members, and the package for Python has those of an info", async () => {
  const format = await read("FORMAT.md");
  const named = (name: string) => new RegExp(`\`${name}\\??\``).test(format);
  assertEquals(Object.keys(RECORD).filter((name) => !named(name)), []);
  const sources = ["artifacts/artifact.py", "core/author.py", "files/file.py"];
  const python = (await Promise.all(sources.map((path) => read(`python/holdfast/${path}`)))).join();
  const facts = Object.values(SHOWN).filter((fact) => typeof fact === "string");
  const missing = facts.filter((fact) => !python.includes(`"${fact}"`));
  assertEquals(missing, ["idempotencyKey"], "programs know their keys");
});

testInMemory("a copy has the members of the version that it is made of", async ({ registry }) => {
  await saveMembers(registry);
  await registry.copy("a@1.0.0", "c");
  await assertCopied([registry, "a"], [registry, "c"]);
});

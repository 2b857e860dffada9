import { assert, assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import type { AnyRecord } from "../../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import { filesProblem, recordProblem } from "../../../registry/format/record_shape.ts";

const SHA = "0".repeat(64);
const BASE = {
  format: "holdfast/1",
  generation: 1,
  commit: "01951e2f-6c00-7abc-8def-0123456789ab",
  startedAt: "2025-02-19T12:00:00.000Z",
  createdAt: "2025-02-19T12:00:00.000Z",
};
const VERSION = {
  ...BASE,
  kind: "version",
  name: "a",
  version: "1.0.0",
  materializer: { id: "json", formatVersion: 1 },
  metadata: {},
  files: [{ path: "data.json", size: 2, sha256: SHA, inline: [0, 2] }],
  digest: SHA,
  size: 2,
};

Deno.test("a record with all that belongs to its kind is taken, whatever else it has", () => {
  assertEquals(recordProblem({ ...VERSION, later: { x: 1 } } as unknown as AnyRecord), undefined);
  assertEquals(
    recordProblem({ ...BASE, kind: "of a later release" } as unknown as AnyRecord),
    undefined,
  );
});

Deno.test("a record whose members are missing or of another type is Corrupt, though its sum is right", () => {
  const wrong: Record<string, unknown>[] = [
    { ...VERSION, files: null },
    { ...VERSION, materializer: undefined },
    { ...VERSION, version: "nope" },
    { ...VERSION, name: 7 },
    { ...VERSION, commit: "../../x" },
    { ...VERSION, generation: 0 },
    { ...VERSION, startedAt: "yesterday" },
    { ...VERSION, metadata: [] },
    { ...VERSION, inputs: [1] },
    { ...VERSION, inputs: [{ digest: SHA }] },
    { ...VERSION, inputs: [{ ref: "a", digest: "short" }] },
    { ...VERSION, size: -1 },
    { ...VERSION, fileList: { object: "0", size: 1, sha256: SHA } },
    { ...VERSION, files: [], fileList: { object: 0, size: 1 } },
    { ...VERSION, files: null, fileList: { object: 0, size: 1, sha256: SHA } },
    {
      ...VERSION,
      files: [{ path: "a", size: 0, sha256: SHA }],
      fileList: { object: 0, size: 1, sha256: SHA },
    },
    { ...VERSION, previous: "below" },
    { ...BASE, kind: "alias", name: "a", alias: "b" },
    { ...BASE, kind: "key", name: "a", key: "k", target: { version: "1.0.0" } },
    { ...BASE, kind: "settings", settings: { versioned: 1, mutable: false, graceMs: 1 } },
  ];
  for (const record of wrong) {
    const bytes = encodeRecord(record as unknown as AnyRecord, [new Uint8Array(2)]);
    const error = assertThrows(
      () => decodeRecord(bytes, "names/x"),
      RegistryError,
      undefined,
      JSON.stringify(record),
    );
    assertEquals(error.code, "Corrupt");
  }
});

Deno.test("settings have a least grace, which is not above the grace, and a known way to commit", () => {
  const problemOf = (members: object) => {
    const settings = { versioned: true, mutable: false, graceMs: 2, ...members };
    return recordProblem({ ...BASE, kind: "settings", settings } as unknown as AnyRecord);
  };
  const right = [{ leastGraceMs: 1 }, { leastGraceMs: 2, locking: "file" }];
  for (const settings of right) assertEquals(problemOf(settings), undefined);
  const wrong = [{}, { leastGraceMs: 0 }, { leastGraceMs: 3 }, { leastGraceMs: "1" }];
  for (const settings of [...wrong, { leastGraceMs: 1, locking: "rename" }]) {
    assert(problemOf(settings) !== undefined);
  }
});

Deno.test("a file's place is numbers and a payload folder, and nothing that leads elsewhere", () => {
  const file = { path: "a", size: 1, sha256: SHA };
  assertEquals(filesProblem([{ ...file, parts: [{ object: 0, size: 1 }] }], 1), undefined);
  for (
    const parts of [[{ object: "../1", size: 1 }], [{ object: 0, size: 1, offset: -1 }], [{
      object: 0.5,
      size: 1,
    }], 3]
  ) {
    assertEquals(filesProblem([{ ...file, parts }], 1), "its file 0 is not whole");
  }
  const parts = [{ object: 0, size: 1 }];
  assertEquals(
    filesProblem([{ ...file, parts, from: "../../other/x" }], 1),
    "its file 0 is not whole",
  );
  assertEquals(filesProblem([{ ...file, parts, encoding: "eval" }], 1), "its file 0 is not whole");
  assertEquals(filesProblem([{ ...file, inline: [0] }], 1), "its file 0 is not whole");
});

Deno.test("sizes fit together: stored bytes, files, the version, and what is inline", () => {
  const file = (more: object) => ({ path: "a", size: 4, sha256: SHA, ...more });
  const right: object[] = [
    file({ inline: [0, 4] }),
    file({ parts: [{ object: 0, size: 1 }, { object: 1, offset: 7, size: 3 }] }),
    file({ parts: [{ object: 0, size: 30 }], encoding: "gzip" }),
    { path: "empty", size: 0, sha256: SHA },
  ];
  for (const one of right) {
    assertEquals(filesProblem([one], (one as { size: number }).size, 4), undefined);
  }
  const wrong: object[] = [
    file({ inline: [0, 3] }),
    file({ inline: [1, 4] }),
    file({ parts: [{ object: 0, size: 1 }, { object: 1, size: 4 }] }),
    file({ parts: [{ object: 0, size: 70_000 }], encoding: "gzip" }),
    file({}),
  ];
  for (const one of wrong) {
    assertEquals(filesProblem([one], 4, 4), "the bytes of its file 0 are not as many as it says");
  }
  assertEquals(filesProblem([right[0], right[3]], 5), "its files do not have 5 bytes together");
  assertEquals(filesProblem([right[0], right[1]], 8), "two of its files have one path");
});

Deno.test("lists of any length are looked at", () => {
  assertEquals(
    recordProblem({ ...VERSION, inputs: Array(300_000).fill("a") } as unknown as AnyRecord),
    undefined,
  );
  assertEquals(
    recordProblem({ ...VERSION, inputs: [...Array(300_000).fill("a"), 1] } as unknown as AnyRecord),
    "its inputs are not a list of refs",
  );
});

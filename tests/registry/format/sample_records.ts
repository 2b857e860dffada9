// One record of each kind, for tests of the codec and of the format.
import type { AnyRecord, VersionRecord } from "../../../core/record.ts";
import { FORMAT } from "../../../registry/format/record_codec.ts";

const base = {
  format: FORMAT,
  generation: 1,
  commit: "01951e2f-6c00-7abc-8def-0123456789ab",
  startedAt: "2025-02-19T12:00:00.000Z",
  createdAt: "2025-02-19T12:00:00.125Z",
};

export const versionRecord: VersionRecord = {
  ...base,
  kind: "version",
  name: "my:model",
  version: "1.2.0+build.7",
  materializer: { id: "text", formatVersion: 1 },
  metadata: { accuracy: 0.5, "naïve\n": ["\u2028", "\ud800", "🦊", null] },
  inputs: ["data:raw@1.0.0"],
  files: [{
    path: "value.txt",
    size: 5,
    sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    mediaType: "text/plain",
    inline: [0, 5],
  }],
  digest: "0".repeat(64),
  size: 5,
  key: "run 7",
};

export const versionInline: Uint8Array = new TextEncoder().encode("hello");

export const sampleRecords: readonly AnyRecord[] = [
  versionRecord,
  { ...base, kind: "alias", name: "my:model", alias: "production", version: "1.2.0" },
  { ...base, kind: "note", name: "my:model", version: "1.2.0", notes: "x", labels: { y: 0.5 } },
  {
    ...base,
    kind: "key",
    name: "my:model",
    key: "run 7",
    target: { version: "1.2.0", generation: 1 },
  },
  {
    ...base,
    kind: "settings",
    settings: {
      versioned: true,
      mutable: false,
      graceMs: 86_400_000,
      leastGraceMs: 3_600_000,
      locking: "link",
    },
  },
  { ...base, kind: "deleted", generation: 2, previous: base.commit },
  { ...base, kind: "scrubbed", digest: "0".repeat(64) },
];

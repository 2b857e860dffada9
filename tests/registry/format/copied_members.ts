// The members of a version that its copies keep: those by `copy`, and those of mirrors.
import { assert, assertEquals } from "@std/assert";
import type { Registry } from "../../../mod.ts";
import { parseRef } from "../../../core/naming/refs.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { contextOf } from "../../../registry/operations/context.ts";
import { locate } from "../../../registry/operations/resolve.ts";

/** True for a member that a copy keeps; otherwise why it does not. */
export const COPIED: Record<keyof VersionRecord, true | { not: string }> = {
  format: { not: "of the record" },
  kind: { not: "of the record" },
  generation: { not: "of the record" },
  commit: { not: "of the record" },
  previous: { not: "of the record" },
  startedAt: { not: "of the record" },
  createdAt: { not: "of the record" },
  by: { not: "that of the copy" },
  name: { not: "that of the copy" },
  version: { not: "that of the copy" },
  materializer: true,
  metadata: true,
  inputs: true,
  files: { not: "its own place of the bytes" },
  fileList: { not: "its own place of the bytes" },
  digest: true,
  size: true,
  key: { not: "belongs to an operation" },
  origin: { not: "a copy is a save here" },
  since: { not: "of the version" },
  restored: { not: "of the version" },
};

/** Saves version 1.0.0 of "a", with all members that a copy keeps. */
export async function saveMembers(registry: Registry): Promise<void> {
  await registry.save("b", 1);
  const given = { metadata: { x: 1 }, inputs: ["b@1.0.0"], idempotencyKey: "k" };
  await registry.save("a", 2, given);
}

/** Asserts that version 1.0.0 of a name has what a copy keeps of version 1.0.0 of another one. */
export async function assertCopied(
  ...places: readonly [from: [Registry, name: string], to: [Registry, name: string]]
): Promise<void> {
  const records = places.map(([registry, name]) => recordOf(registry, name));
  const [from, to] = await Promise.all(records) as [VersionRecord, VersionRecord];
  for (const [member, fact] of Object.entries(COPIED)) {
    const name = member as keyof VersionRecord;
    if (fact === true) assert(from[name] !== undefined, `the version has no ${name}`);
    if (fact === true) assertEquals(to[name], from[name], name);
  }
}

async function recordOf(registry: Registry, name: string): Promise<VersionRecord> {
  const context = contextOf(registry, "test");
  return (await locate(context, parseRef(`${name}@1.0.0`))).record;
}

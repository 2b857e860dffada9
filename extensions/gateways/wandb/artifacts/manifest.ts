// Manifests of artifacts: the paths of their files, with MD5 and sizes. Clients send one, or its parts:
// the entries that an incremental artifact adds to the version before, or those of each program that
// sends a distributed artifact with others.
import { createHash } from "node:crypto";
import * as v from "npm:valibot@^1.5";
import { compareUtf8, isJsonObject, sha256 } from "../../../../core/kernel.ts";
import { objectIn } from "../names.ts";

export const MANIFEST_FILE = ".wandb/manifest.json";

/** Kinds of manifests in the words of W&B, and the beginnings of their parts. */
export const KINDS = { FULL: "manifest", PATCH: "patch", INCREMENTAL: "added" } as const;
export type Kind = typeof KINDS[keyof typeof KINDS];

const PART = /^(manifest|patch|added)-/;

const EntrySchema = v.object({
  digest: v.string(),
  ref: v.optional(v.string()),
  size: v.optional(v.number()),
});
export type Entry = v.InferOutput<typeof EntrySchema>;

export type Manifest = ReadonlyMap<string, Entry>;

/** True for a part with a manifest. */
export function isManifest(part: string): boolean {
  return PART.test(part);
}

/**
 * Returns the part with the manifest of an artifact, the last one of those that were sent, or the
 * parts that together are it; undefined without one.
 */
export function manifestPart(
  parts: readonly string[],
): { part: string; deltas?: readonly string[] } | undefined {
  const timeOf = (part: string) => part.replace(PART, "");
  const sent = parts.filter(isManifest).sort((one, other) => timeOf(one) < timeOf(other) ? -1 : 1);
  const deltas = sent.filter((part) => !part.startsWith(KINDS.FULL));
  const part = sent.at(-1);
  return part === undefined ? undefined : { part, ...(deltas.length > 0 && { deltas }) };
}

/** Returns the manifest that parts are together, its file, and the digest by which W&B knows it. */
export async function joinedManifest(
  deltas: readonly string[],
  read: (part: string) => Promise<string>,
  base: () => Promise<Manifest | undefined>,
) {
  const isAdded = deltas.some((part) => part.startsWith(KINDS.INCREMENTAL));
  const manifest = new Map(isAdded ? await base() : []);
  for (const part of deltas) {
    for (const [path, entry] of manifestIn(await read(part))) manifest.set(path, entry);
  }
  const inOrder = [...manifest].sort(([one], [other]) => compareUtf8(one, other));
  const content = new TextEncoder().encode(JSON.stringify({
    version: 1,
    storagePolicy: "wandb-storage-policy-v1",
    storagePolicyConfig: { storageLayout: "V2" },
    contents: Object.fromEntries(inOrder),
  }));
  const hash = createHash("md5").update("wandb-artifact-manifest-v1\n");
  for (const [path, { digest }] of inOrder) hash.update(`${path}:${digest}\n`);
  const facts = { digest: hash.digest("hex") };
  return { manifest, content, facts, part: `joined-${sha256(content).slice(0, 32)}` };
}

/** Returns the entries of a manifest; none for anything else. */
export function manifestIn(text: string | undefined): Map<string, Entry> {
  const { contents } = objectIn(text);
  const entries = Object.entries(isJsonObject(contents) ? contents : {});
  return new Map(entries.filter((entry): entry is [string, Entry] => v.is(EntrySchema, entry[1])));
}

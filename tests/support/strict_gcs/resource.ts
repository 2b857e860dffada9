// Objects as the JSON API shows them, and the `fields` of a reply.
import { GcsFailure } from "./gcs_failure.ts";
import type { StoredGeneration } from "./object_store.ts";

export function objectResource(bucket: string, object: StoredGeneration): Record<string, unknown> {
  const { name, generation, metageneration, bytes, crc32c, md5Hash, properties } = object;
  return {
    kind: "storage#object",
    ...properties,
    id: `${bucket}/${name}/${generation}`,
    bucket,
    name,
    generation: String(generation),
    metageneration: String(metageneration),
    size: String(bytes.byteLength),
    crc32c,
    md5Hash,
    etag: btoa(`${generation}/${metageneration}`),
    timeCreated: new Date(object.timeCreated).toISOString(),
    updated: new Date(object.updated).toISOString(),
  };
}

/** Only these fields of a reply: `name,items(name,size)`. A field that no resource has is 400. */
export function onlyFields(value: unknown, mask: string | undefined): unknown {
  if (mask === undefined) return value;
  if (Array.isArray(value)) return value.map((entry) => onlyFields(entry, mask));
  const from = value as Record<string, unknown>;
  const picked: Record<string, unknown> = {};
  for (const [, name, inner] of mask.matchAll(/(\w+)(?:\(([^)]*)\))?,?/g)) {
    if (!KNOWN.has(name)) {
      throw new GcsFailure(400, "invalidParameter", `Invalid field selection ${name}`);
    }
    if (from[name] !== undefined) {
      picked[name] = inner === undefined ? from[name] : onlyFields(from[name], inner);
    }
  }
  return picked;
}

const KNOWN = new Set(
  ("kind,id,bucket,name,generation,metageneration,size,crc32c,md5Hash,etag,timeCreated,updated,contentType,metadata," +
    "storageClass,cacheControl,items,prefixes,nextPageToken,done,rewriteToken,resource").split(","),
);

// Signatures of a version as artifacts that refer to its manifest. They are files that extensions add
// to the version, and may change: nothing is kept.
import type { ReadablePages } from "../../../apps/gateways.ts";
import { blobOf, descriptorOf, INDEX_TYPE, MANIFEST_TYPE, type SmallBlob } from "./image.ts";

/** The configuration of an artifact that has none. */
const EMPTY = blobOf("application/vnd.oci.empty.v1+json", {});

export interface Referrers {
  /** Descriptors for the list. */
  readonly listed: readonly { readonly artifactType: string }[];
  readonly manifests: ReadonlyMap<string, SmallBlob>;
  readonly blobs: ReadonlyMap<string, SmallBlob>;
}

/** Returns the artifacts that refer to a manifest of a version. */
export async function referrersOf(artifact: ReadablePages, subject: SmallBlob): Promise<Referrers> {
  const listed: Referrers["listed"][number][] = [];
  const manifests = new Map<string, SmallBlob>(), blobs = new Map([[EMPTY.digest, EMPTY]]);
  const { files } = artifact.info;
  if (files === undefined) return { listed, manifests, blobs }; // its list is in pages, and has none
  const own = new Set(files.map(({ path }) => path));
  for await (const page of artifact.pages()) {
    for (const file of page.files()) {
      const { path, mediaType: artifactType = "application/octet-stream", sha256 } = file.info;
      if (own.has(path)) continue;
      const bytes = new Uint8Array(await file.bytes());
      const blob: SmallBlob = { bytes, digest: `sha256:${sha256}`, type: artifactType };
      const annotations = { "org.opencontainers.image.title": path };
      const manifest = blobOf(MANIFEST_TYPE, {
        schemaVersion: 2,
        mediaType: MANIFEST_TYPE,
        artifactType,
        config: descriptorOf(EMPTY),
        layers: [{ ...descriptorOf(blob), annotations }],
        subject: descriptorOf(subject),
      });
      blobs.set(blob.digest, blob);
      manifests.set(manifest.digest, manifest);
      listed.push({ ...descriptorOf(manifest), artifactType });
    }
  }
  return { listed, manifests, blobs };
}

/** Returns the list of referrers, of one type if it is given. */
export function indexOf(listed: Referrers["listed"], artifactType?: string): SmallBlob {
  const isAsked = (each: { artifactType: string }) =>
    artifactType === undefined || each.artifactType === artifactType;
  return blobOf(INDEX_TYPE, {
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: listed.filter(isAsked),
  });
}

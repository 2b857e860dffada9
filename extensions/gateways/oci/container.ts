// A version as a container image, which containerd, CRI-O and podman mount as a volume. It has one
// manifest for each platform, with the same layers. As in artifacts, its bytes must stay the same in
// later releases.
import type { FileInfo } from "../../../materializers/mod.ts";
import type { ReadablePages } from "../../../apps/gateways.ts";
import {
  blobOf,
  describe,
  descriptorOf,
  filesOf,
  INDEX_TYPE,
  MANIFEST_TYPE,
  type OciImage,
  refused,
  type SmallBlob,
} from "./image.ts";
import { TarLayer } from "./tar_layer.ts";

const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";
/** Nodes refuse an image without a manifest for theirs. */
const ARCHITECTURES = ["amd64", "arm64", "ppc64le", "s390x"];

/** Files from this size on have a layer each: nodes pull again only those that changed. */
const LARGE_BYTES = 4 * 1024 ** 2;
/** Nodes mount images of up to about 120 layers. */
const MOST_LARGE_LAYERS = 100;

/** Returns the digest of a layer; undefined for one that is not known. */
export type DigestOf = (
  layer: TarLayer,
  place: { at: number; count: number },
) => Promise<string | undefined>;

/** Returns a version as an image; undefined if a digest is not known. */
export async function containerOf(
  artifact: ReadablePages,
  form: "image" | "root",
  digestOf: DigestOf,
): Promise<OciImage | undefined> {
  const { name, version, commit, createdAt } = artifact.info;
  const layers = new Map<string, TarLayer>();
  const planned = await layersOf(artifact, form === "image" ? "models/" : "");
  for (const [at, layer] of planned.entries()) {
    const digest = await digestOf(layer, { at, count: planned.length });
    if (digest === undefined) return undefined;
    layers.set(digest, layer);
  }
  const manifests: SmallBlob[] = [], configs: SmallBlob[] = [];
  const annotations = describe(artifact);
  for (const architecture of ARCHITECTURES) {
    const config = blobOf(CONFIG_TYPE, {
      created: createdAt.toISOString(),
      architecture,
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: [...layers.keys()] },
    });
    configs.push(config);
    manifests.push(blobOf(MANIFEST_TYPE, {
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: descriptorOf(config),
      layers: [...layers].map(([digest, { size }]) => ({ mediaType: LAYER_TYPE, digest, size })),
      annotations,
    }));
  }
  const index = blobOf(INDEX_TYPE, {
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: manifests.map((manifest, at) => ({
      ...descriptorOf(manifest),
      platform: { architecture: ARCHITECTURES[at], os: "linux" },
    })),
    annotations,
  });
  return {
    name,
    version,
    commit,
    form,
    layers,
    manifest: index,
    manifests: byDigest([index, ...manifests]),
    configs: byDigest(configs),
    count: planned.reduce((sum, { count }) => sum + count, 0),
  };
}

/** Returns a layer of all small files, and one for each large file; of many, for each run of them. */
async function layersOf(artifact: ReadablePages, folder: string): Promise<TarLayer[]> {
  const small: FileInfo[] = [], large: FileInfo[] = [];
  for await (const file of filesOf(artifact)) {
    if (/(^|\/)\.wh\./.test(file.path)) {
      throw refused(artifact, `"${file.path}" has a name that deletes files of an image`);
    }
    (file.size < LARGE_BYTES ? small : large).push(file);
  }
  const runs = small.length > 0 ? [small] : [];
  const files = Math.ceil(large.length / MOST_LARGE_LAYERS);
  for (let at = 0; at < large.length; at += files) runs.push(large.slice(at, at + files));
  return runs.map((files) => new TarLayer(folder, files));
}

function byDigest(blobs: readonly SmallBlob[]): Map<string, SmallBlob> {
  return new Map(blobs.map((blob) => [blob.digest, blob]));
}

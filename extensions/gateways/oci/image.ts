// A version as a ModelPack artifact: a manifest, a configuration and a layer for each file. The
// digest of a layer is that of its file, so no file is read for it. Clients pin the digest of the
// manifest: its bytes depend on the version alone, and must stay the same in later releases.
import { sha256, unsupported } from "../../../core/kernel.ts";
import type { ReadablePages } from "../../../apps/gateways.ts";
import { isFile, walkFiles } from "../../../apps/server/extending.ts";

export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
export const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
export const CONFIG_TYPE = "application/vnd.cncf.model.config.v1+json";
const ARTIFACT_TYPE = "application/vnd.cncf.model.manifest.v1+json";

/** Clients refuse manifests that are longer. */
const MOST_MANIFEST_BYTES = 4 * 1024 ** 2;
/** Files of a manifest of that length, if their paths are short. */
const MOST_FILES = 16_384;

/** A small document with its digest. */
export interface SmallBlob {
  bytes: Uint8Array<ArrayBuffer>;
  digest: string;
}

export interface OciImage {
  name: string;
  version: string;
  commit: string;
  manifest: SmallBlob;
  config: SmallBlob;
  /** A path of each layer, by its digest. */
  paths: ReadonlyMap<string, string>;
}

/** The kinds of layers that ModelPack knows, by the paths of files. */
const KINDS: readonly [RegExp, string][] = [
  [/(^|\/)(readme|licen[cs]e|notice)[^/]*$|\.md$/i, "doc"],
  [/\.(json|ya?ml|toml|ini|txt|jinja|model|spm|tiktoken)$/i, "weight.config"],
  [/\.(py|sh|js|ts|ipynb|c|cc|cpp|h|cu|rs|go)$/i, "code"],
  [/\.(csv|tsv|jsonl|parquet|arrow|avro)$/i, "dataset"],
];

/** Returns a version as an artifact. `Unsupported` for one that has too many files, or none. */
export async function imageOf(artifact: ReadablePages): Promise<OciImage> {
  const { name, version, commit, createdAt } = artifact.info;
  const refused = (state: string) =>
    unsupported("serve", `"${name}@${version}" as an OCI artifact`, state, {
      hint: "Download it over another interface, or save it as an archive.",
    });
  if (artifact.count > MOST_FILES) throw refused(`it has over ${MOST_FILES} files`);
  const layers: string[] = [], diffIds: string[] = [];
  const paths = new Map<string, string>();
  let length = 0;
  for await (const { file } of walkFiles(artifact, { isShown: isFile })) {
    if (file === undefined) continue;
    const { path, size } = file;
    const digest = `sha256:${file.sha256}`;
    const layer = JSON.stringify({
      mediaType: layerType(path),
      digest,
      size,
      annotations: {
        "org.opencontainers.image.title": path,
        "org.cncf.model.filepath": path,
        "org.cnai.model.filepath": path, // what CRI-O reads
      },
    });
    length += layer.length;
    if (length > MOST_MANIFEST_BYTES) break;
    layers.push(layer);
    diffIds.push(digest);
    paths.set(digest, path);
  }
  if (layers.length === 0) throw refused("it has no files");
  const created = createdAt.toISOString();
  const config = blobOf(JSON.stringify({
    descriptor: { createdAt: created, name, version },
    modelfs: { type: "layers", diffIds },
    config: {},
  }));
  const head = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: ARTIFACT_TYPE,
    config: { mediaType: CONFIG_TYPE, digest: config.digest, size: config.bytes.length },
  };
  const annotations = {
    "org.opencontainers.image.created": created,
    "org.opencontainers.image.title": name,
    "org.opencontainers.image.version": version,
  };
  const rest = `,"layers":[${layers.join(",")}],"annotations":${JSON.stringify(annotations)}}`;
  const manifest = blobOf(JSON.stringify(head).slice(0, -1) + rest);
  if (length > MOST_MANIFEST_BYTES || manifest.bytes.length > MOST_MANIFEST_BYTES) {
    throw refused("its manifest is longer than clients accept, 4 MiB");
  }
  return { name, version, commit, manifest, config, paths };
}

function layerType(path: string): string {
  const [, kind = "weight"] = KINDS.find(([pattern]) => pattern.test(path)) ?? [];
  return `application/vnd.cncf.model.${kind}.v1.raw`;
}

function blobOf(text: string): SmallBlob {
  const bytes = new TextEncoder().encode(text);
  return { bytes, digest: `sha256:${sha256(bytes)}` };
}

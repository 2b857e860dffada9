// A version in a form of OCI, and the form of a ModelPack artifact: a manifest, a configuration and a
// layer for each file. The digest of a layer is that of its file, so no file is read for it. Clients
// pin the digest of the manifest: its bytes depend on the version alone, and must stay the same in
// later releases.
import { compareUtf8, type RegistryError, sha256, unsupported } from "../../../core/kernel.ts";
import type { FileInfo } from "../../../materializers/mod.ts";
import type { ReadablePages } from "../../../apps/gateways.ts";
import { isFile, walkFiles } from "../../../apps/server/extending.ts";
import type { Form } from "./names.ts";
import type { TarLayer } from "./tar_layer.ts";

export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
export const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
const CONFIG_TYPE = "application/vnd.cncf.model.config.v1+json";
const ARTIFACT_TYPE = "application/vnd.cncf.model.manifest.v1+json";

/** Clients refuse manifests that are longer. */
const MOST_MANIFEST_BYTES = 4 * 1024 ** 2;
/** Files of a manifest of that length, if their paths are short. */
const MOST_FILES = 16_384;

/** A small document with its digest. */
export interface SmallBlob {
  bytes: Uint8Array<ArrayBuffer>;
  digest: string;
  type: string;
}

export interface OciImage {
  name: string;
  version: string;
  commit: string;
  form: Form;
  /** The document that a tag means. */
  manifest: SmallBlob;
  /** Documents by their digests: `manifests` with the one of the tag. */
  manifests: ReadonlyMap<string, SmallBlob>;
  configs: ReadonlyMap<string, SmallBlob>;
  /** The path of a file of each layer, or how it is made, by its digest. */
  layers: ReadonlyMap<string, string | TarLayer>;
  /** Paths in memory. */
  count: number;
}

/** The kinds of layers that ModelPack knows, by the paths of files. */
const KINDS: readonly [RegExp, string][] = [
  [/(^|\/)(readme|licen[cs]e|notice)[^/]*$|\.md$/i, "doc"],
  [/\.(json|ya?ml|toml|ini|txt|jinja|model|spm|tiktoken)$/i, "weight.config"],
  [/\.(py|sh|js|ts|ipynb|c|cc|cpp|h|cu|rs|go)$/i, "code"],
  [/\.(csv|tsv|jsonl|parquet|arrow|avro)$/i, "dataset"],
];

/** Yields the files of a version. Throws `Unsupported` if they are too many, or none. */
export async function* filesOf(artifact: ReadablePages): AsyncGenerator<FileInfo> {
  if (artifact.count > MOST_FILES) throw refused(artifact, `it has over ${MOST_FILES} files`);
  const { files } = artifact.info; // without those that are added, which its pages have
  let count = 0;
  const sorted = files && [...files].sort((a, b) => compareUtf8(a.path, b.path));
  for await (const file of sorted ?? pagedFiles(artifact)) {
    if (!isFile(file)) continue;
    count++;
    yield file;
  }
  if (count === 0) throw refused(artifact, "it has no files");
}

async function* pagedFiles(artifact: ReadablePages): AsyncGenerator<FileInfo> {
  for await (const { file } of walkFiles(artifact)) if (file !== undefined) yield file;
}

export function refused({ info: { name, version } }: ReadablePages, state: string): RegistryError {
  return unsupported("serve", `"${name}@${version}" over OCI`, state, {
    hint: "Download it over another interface, or save it as an archive.",
  });
}

/** Returns the annotations of a manifest. */
export function describe({ info: { name, version, createdAt } }: ReadablePages) {
  return {
    "org.opencontainers.image.created": createdAt.toISOString(),
    "org.opencontainers.image.title": name,
    "org.opencontainers.image.version": version,
  };
}

/** Returns a version as an artifact. `Unsupported` for one that has too many files, or none. */
export async function artifactOf(artifact: ReadablePages): Promise<OciImage> {
  const { name, version, commit, createdAt } = artifact.info;
  const layers: string[] = [], diffIds: string[] = [];
  const paths = new Map<string, string>();
  let length = 0;
  for await (const { path, size, sha256 } of filesOf(artifact)) {
    const digest = `sha256:${sha256}`;
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
  const created = createdAt.toISOString();
  const config = blobOf(CONFIG_TYPE, {
    descriptor: { createdAt: created, name, version },
    modelfs: { type: "layers", diffIds },
    config: {},
  });
  const head = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: ARTIFACT_TYPE,
    config: descriptorOf(config),
  };
  const rest = `,"layers":[${layers.join(",")}],"annotations":${
    JSON.stringify(describe(artifact))
  }}`;
  const manifest = blobOf(MANIFEST_TYPE, JSON.stringify(head).slice(0, -1) + rest);
  if (length > MOST_MANIFEST_BYTES || manifest.bytes.length > MOST_MANIFEST_BYTES) {
    throw refused(artifact, "its manifest is longer than clients accept, 4 MiB");
  }
  return {
    name,
    version,
    commit,
    manifest,
    form: "artifact",
    manifests: new Map([[manifest.digest, manifest]]),
    configs: new Map([[config.digest, config]]),
    layers: paths,
    count: paths.size,
  };
}

function layerType(path: string): string {
  const [, kind = "weight"] = KINDS.find(([pattern]) => pattern.test(path)) ?? [];
  return `application/vnd.cncf.model.${kind}.v1.raw`;
}

export function descriptorOf({ type, digest, bytes }: SmallBlob) {
  return { mediaType: type, digest, size: bytes.length };
}

/** Returns a document with its digest, from a value or its JSON. */
export function blobOf(type: string, document: object | string): SmallBlob {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  const bytes = new TextEncoder().encode(text);
  return { bytes, digest: `sha256:${sha256(bytes)}`, type };
}

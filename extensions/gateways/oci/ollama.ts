// A version with one GGUF file as a model of Ollama: each part is a file of the version, so no digest is
// computed. Its clients read parts without a token, from a link.
import type { ReadablePages, RouteContext } from "../../../apps/gateways.ts";
import { blobOf, descriptorOf, filesOf, type OciImage, refused } from "./image.ts";

const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG_TYPE = "application/vnd.docker.container.image.v1+json";

/** Kinds of layers by the paths of files. Other files are left out. */
const KINDS: readonly [RegExp, string][] = [
  [/(^|\/)mmproj[^/]*\.gguf$/i, "projector"],
  [/(^|\/)adapter[^/]*\.gguf$/i, "adapter"],
  [/\.gguf$/i, "model"],
  [/^template(\.txt)?$/i, "template"],
  [/^system(\.txt)?$/i, "system"],
  [/^params(\.json)?$/i, "params"],
  [/^messages(\.json)?$/i, "messages"],
  [/^licen[cs]e[^/]*$/i, "license"],
];

export function isOllama(c: RouteContext): boolean {
  return /^ollama\//.test(c.header("user-agent") ?? "");
}

/** Returns a version as a model. `Unsupported` unless one file is a model. */
export async function ollamaOf(artifact: ReadablePages): Promise<OciImage> {
  const { name, version, commit } = artifact.info;
  const layers = new Map<string, string>();
  const parts: { mediaType: string; digest: string; size: number }[] = [];
  let models = 0;
  for await (const { path, size, sha256 } of filesOf(artifact)) {
    const [, kind] = KINDS.find(([pattern]) => pattern.test(path)) ?? [];
    const digest = `sha256:${sha256}`;
    if (kind === undefined || layers.has(digest)) continue;
    if (kind === "model") models++;
    layers.set(digest, path);
    const part = { mediaType: `application/vnd.ollama.image.${kind}`, digest, size };
    if (kind === "model") parts.unshift(part);
    else parts.push(part);
  }
  if (models !== 1) {
    throw refused(artifact, `Ollama takes one GGUF file as the model, and it has ${models}`);
  }
  const config = blobOf(CONFIG_TYPE, {
    model_format: "gguf",
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [...layers.keys()] },
  });
  const manifest = blobOf(MANIFEST_TYPE, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptorOf(config),
    layers: parts,
  });
  return {
    name,
    version,
    commit,
    manifest,
    layers,
    form: "ollama",
    manifests: new Map([[manifest.digest, manifest]]),
    configs: new Map([[config.digest, config]]),
    count: layers.size,
  };
}

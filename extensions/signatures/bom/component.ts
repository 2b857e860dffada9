// Versions and files as components of CycloneDX 1.7, https://cyclonedx.org/docs/1.7/json/.
import type { ArtifactInfo } from "../../../mod.ts";
import type { FileInfo } from "../../../materializers/mod.ts";
import { compareUtf8, isJsonObject, shown } from "../../../core/kernel.ts";
import type { LineageNode } from "../../../registry/mod.ts";
import { bundleNames, reportOn } from "../report.ts";
import { SIGNATURES } from "../stored.ts";
import { type BomLicense, licensesOf } from "./licenses.ts";

/** A fact that CycloneDX has no member for. */
export interface BomProperty {
  name: string;
  value: string;
}

/** A version, or a file of it. */
export interface BomComponent {
  type: "machine-learning-model" | "data" | "application" | "file";
  "bom-ref"?: string;
  "mime-type"?: string;
  authors?: { name: string }[];
  name: string;
  version?: string;
  description?: string;
  hashes?: { alg: "SHA-256"; content: string }[];
  licenses?: BomLicense[];
  externalReferences?: { type: "digital-signature"; url: string; comment: string }[];
  components?: BomComponent[];
  modelCard?: Record<string, unknown>;
  properties?: BomProperty[];
}

/** The difference between models and data. */
export interface Kinds {
  /** Prefix of the names of models. */
  models: string;
}

type Described = Pick<ArtifactInfo, "name" | "metadata"> & { kind?: string };

function typeOf({ name, metadata, kind }: Described, { models }: Kinds): BomComponent["type"] {
  if (kind === "release") return "application";
  if (name.startsWith(models) || isJsonObject(metadata.metrics)) return "machine-learning-model";
  return "data";
}

/** Returns a version with its files and, for a model, its model card. */
export function versionComponent(
  ref: string,
  info: ArtifactInfo,
  datasets: readonly string[],
  kinds: Kinds,
): BomComponent {
  const { name, version, metadata, annotations, by } = info;
  const type = typeOf({ name, metadata, kind: info.materializer.id }, kinds);
  const notes = annotations?.notes ?? metadata.description;
  const authors = authorsOf(metadata);
  if (authors.length === 0 && by !== undefined) authors.push({ name: by.name });
  const licenses = licensesOf(metadata), references = signaturesOf(info);
  const params = flat("holdfast:param:", metadata.params);
  const card = type === "machine-learning-model" ? modelCard(metadata, params, datasets) : {};
  const { [SIGNATURES]: _, ...labels } = annotations?.labels ?? {};
  return {
    type,
    "bom-ref": ref,
    ...authors.length > 0 && { authors },
    name,
    version,
    ...typeof notes === "string" && notes !== "" && { description: notes },
    ...licenses.length > 0 && { licenses },
    ...references.length > 0 && { externalReferences: references },
    components: filesOf(info.files),
    ...Object.keys(card).length > 0 && { modelCard: card },
    properties: [
      { name: "holdfast:digest", value: info.digest },
      { name: "holdfast:kind", value: info.materializer.id },
      { name: "holdfast:size", value: String(info.size) },
      { name: "holdfast:savedAt", value: info.createdAt.toISOString() },
      ...by === undefined ? [] : [{ name: "holdfast:savedBy", value: by.name }],
      ...flat("holdfast:job:", by?.claims),
      ...flat("holdfast:label:", labels),
      ...type === "machine-learning-model" ? [] : params,
    ],
  };
}

/** Returns an input of a version, by what the lineage has of it. */
export function inputComponent(node: LineageNode, kinds: Kinds): BomComponent {
  const { ref, state, digest, createdAt, kind, metadata = {} } = node;
  const { name, version } = partsOf(node);
  const authors = authorsOf(metadata), licenses = licensesOf(metadata);
  return {
    type: typeOf({ name, metadata, kind }, kinds),
    "bom-ref": ref,
    ...authors.length > 0 && { authors },
    name,
    ...version !== undefined && { version },
    ...licenses.length > 0 && { licenses },
    properties: [
      { name: "holdfast:state", value: state },
      ...digest === undefined ? [] : [{ name: "holdfast:digest", value: digest }],
      ...kind === undefined ? [] : [{ name: "holdfast:kind", value: kind }],
      ...createdAt === undefined
        ? []
        : [{ name: "holdfast:savedAt", value: createdAt.toISOString() }],
    ],
  };
}

/** Splits the ref of a node: `name@1.2.0`, for a changed version with the beginning of a digest. */
function partsOf({ ref, state }: LineageNode): { name: string; version?: string } {
  if (state === "unpinned") return { name: ref };
  const at = ref.lastIndexOf("@");
  if (at <= 0) return { name: ref };
  return { name: ref.slice(0, at), version: ref.slice(at + 1).replace(/ \([0-9a-f]+\)$/, "") };
}

function modelCard(
  metadata: Record<string, unknown>,
  params: BomProperty[],
  datasets: readonly string[],
): Record<string, unknown> {
  const metrics = flat("", metadata.metrics).map(({ name, value }) => ({ type: name, value }));
  const { task } = metadata;
  const parameters = {
    ...typeof task === "string" && { task },
    ...datasets.length > 0 && { datasets: datasets.map((ref) => ({ ref })) },
  };
  return {
    ...Object.keys(parameters).length > 0 && { modelParameters: parameters },
    ...metrics.length > 0 && { quantitativeAnalysis: { performanceMetrics: metrics } },
    ...params.length > 0 && { properties: params },
  };
}

function filesOf(files: readonly FileInfo[]): BomComponent[] {
  return files.filter(({ mode }) => mode !== "folder")
    .toSorted((a, b) => compareUtf8(a.path, b.path))
    .map(({ path, sha256, size, mode, mediaType = "" }): BomComponent => ({
      type: "file",
      ...MEDIA_TYPE.test(mediaType) && { "mime-type": mediaType },
      name: path,
      // The SHA-256 of a link is that of its target as text, not of a file.
      ...mode !== "link" && { hashes: [{ alg: "SHA-256", content: sha256 }] },
      properties: [
        { name: "holdfast:size", value: String(size) },
        ...mode === undefined ? [] : [{ name: "holdfast:mode", value: mode }],
      ],
    }));
}

/** Media types that the schema of CycloneDX takes. */
const MEDIA_TYPE = /^[-+a-z0-9.]+\/[-+a-z0-9.]+$/;

function signaturesOf(info: ArtifactInfo): NonNullable<BomComponent["externalReferences"]> {
  const { signatures } = reportOn(info, []).report, names = bundleNames(info, signatures);
  const readable = signatures.filter(({ keyHash }) => keyHash !== undefined);
  return readable.map(({ id, keyHash, subject, addedAt, problem }) => ({
    type: "digital-signature",
    url: names.get(id) ?? `model.${id}.sig`,
    comment: problem === undefined
      ? `OpenSSF Model Signing v1.0 by the key with the SHA-256 ${keyHash}, of ${
        shown(subject)
      }, ` +
        `added ${addedAt?.toISOString()}; not checked with the key`
      : `It does not match this version: ${problem}`,
  }));
}

function authorsOf({ author, authors }: Record<string, unknown>): { name: string }[] {
  const names = [author, authors].flat().map((each) => isJsonObject(each) ? each.name : each);
  const texts = names.filter((name) => typeof name === "string" && name !== "") as string[];
  return [...new Set(texts)].map((name) => ({ name }));
}

/** Returns the values of an object by dotted names, in their order; lists as JSON. */
function flat(prefix: string, value: unknown): BomProperty[] {
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, each]) => {
    if (isJsonObject(each)) return flat(`${prefix}${key}.`, each);
    const text = typeof each === "string" ? each : JSON.stringify(each);
    return text === undefined ? [] : [{ name: `${prefix}${key}`, value: text }];
  });
}

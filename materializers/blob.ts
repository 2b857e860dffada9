// `Blob`s and `File`s.
import type { Artifact } from "../core/artifact.ts";
import { corrupt } from "../core/errors.ts";
import { defineMaterializer } from "../core/materializer.ts";
import type { ClassMaterializer, FileToSave } from "../core/materializer.ts";
import { parsedJson } from "../core/text/json_text.ts";

/** Properties of a `Blob` besides its bytes; a `File` also has a name and a time. */
interface BlobFacts {
  type: string;
  name?: string;
  /** Milliseconds since 1970. */
  lastModified?: number;
}

/**
 * Saves a `Blob` or `File` as `content` and `blob.json` (type, name, time), which the digest
 * covers.
 */
export function blob(): ClassMaterializer<Blob> {
  return defineMaterializer<Blob>({
    id: "blob",
    accepts: isBlob,
    save(value) {
      const facts = new TextEncoder().encode(JSON.stringify(factsOf(value)));
      const content: FileToSave = { path: "content", content: value };
      if (value.type !== "") content.mediaType = value.type;
      return [{ path: "blob.json", content: facts, mediaType: "application/json" }, content];
    },
    async load(artifact) {
      const facts = await readFacts(artifact);
      return createBlob(await artifact.file("content").bytes(), facts);
    },
  });
}

/** Returns true for a `Blob` or `File`; subclasses would change their class. */
export function isBlob(value: unknown): value is Blob {
  if (!(value instanceof Blob)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Blob.prototype || prototype === File.prototype;
}

export function factsOf(value: Blob): BlobFacts {
  const { type } = value;
  return value instanceof File
    ? { type, name: value.name, lastModified: value.lastModified }
    : { type };
}

/** Makes a `Blob`, or a `File` if there is a name. */
export function createBlob(bytes: Uint8Array, facts: BlobFacts): Blob {
  const { type, name, lastModified } = facts;
  const parts = [bytes as Uint8Array<ArrayBuffer>];
  return name === undefined
    ? new Blob(parts, { type })
    : new File(parts, name, { type, lastModified });
}

/** Returns true for the parsed JSON of {@linkcode factsOf}. */
export function isBlobFacts(value: unknown): value is BlobFacts {
  if (typeof value !== "object" || value === null) return false;
  const { type, name, lastModified } = value as Partial<BlobFacts>;
  return typeof type === "string" &&
    typeof name === (name === undefined ? "undefined" : "string") &&
    typeof lastModified === (name === undefined ? "undefined" : "number");
}

async function readFacts(artifact: Artifact): Promise<BlobFacts> {
  const facts = parsedJson(await artifact.file("blob.json").bytes());
  if (isBlobFacts(facts)) return facts;
  throw corrupt("load blob", `"${artifact.info.name}"`, "blob.json is invalid", {
    hint: "Save it again, or read its content with registry.open(ref).",
  });
}

// Reads versions of a mindtrace registry: checks the hash, and converts the files.
import type { CallOptions } from "../../../backends/mod.ts";
import {
  artifactDigest,
  corrupt,
  createSha256,
  fault,
  iterableStream,
  pickFile,
  readableFile,
  readAll,
  sha256,
  unsupported,
} from "../../../core/kernel.ts";
import type { FileToDecode } from "../../../files/mod.ts";
import type { ArtifactFile, ByteRange } from "../../../materializers/mod.ts";
import type { Artifact, ArtifactInfo, Materializers, ReadOptions } from "../../../mod.ts";
import { convert, type ConvertedFile } from "./convert.ts";
import { damaged, type Description, ORIGIN_KEY, parseDescription } from "./description.ts";
import type { MindtraceOrigin } from "./description.ts";
import type { ListedVersion } from "./listing.ts";
import type { MindtraceFiles } from "./source.ts";
import type { Unpacker } from "./unpack.ts";
import { hashArtifact } from "./verify.ts";

/** Options of {@linkcode openMindtraceVersion}. */
export interface Reading {
  files: MindtraceFiles;
  materializers: Materializers;
  unpacker: Unpacker;
}

export async function readDescription(
  { files }: Reading,
  { name, spelled, key }: ListedVersion,
  options: CallOptions,
): Promise<Description> {
  const at = { ref: `${name}@${spelled}`, key };
  const file = await files.open(key, options);
  if (file === undefined) {
    const hint = "List the versions again: it was deleted in mindtrace.";
    const subject = JSON.stringify(at.ref);
    throw fault({ code: "NotFound", action: "open", subject, state: "no such version", hint, key });
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.bytes());
  } catch (cause) {
    throw damaged(at, "its description is not UTF-8", cause);
  }
  return parseDescription(text, at);
}

/** Opens a version. Throws `Corrupt` if a file is missing or the hash differs. */
export async function openMindtraceVersion(
  reading: Reading,
  listed: ListedVersion,
  { verify, signal }: ReadOptions,
): Promise<Artifact> {
  const { files, materializers, unpacker } = reading;
  const { name, version, spelled, key } = listed;
  const described = await readDescription(reading, listed, { signal });
  const at = { ref: `${name}@${spelled}`, key };
  const opened = await openFiles(files, listed, described, signal);
  const { hashed, hashes } = await hashArtifact(opened, signal);
  const { origin, metadata } = described;
  if (verify !== "none" && origin.hash !== undefined && !hashes.includes(origin.hash)) {
    throw damaged(at, "its files differ from the recorded hash");
  }
  if (Object.hasOwn(metadata, ORIGIN_KEY)) {
    const state = `its metadata already has the key ${ORIGIN_KEY}`;
    const hint = "Save it in mindtrace without this key.";
    throw unsupported("import", JSON.stringify(at.ref), state, { hint, key });
  }
  const converted = await convert(hashed, origin, {
    ref: `${name}@${version.canonical}`,
    materializers,
    unpacker,
    signal,
  });
  const { materializer, kept, path } = converted;
  const kind = { ...(path !== undefined && { path }), ...(kept !== undefined && { kept }) };
  const createdAt = described.createdAt ?? await modifiedAt(files, key, signal);
  const content = converted.files.map(({ info }) => info);
  const digest = await artifactDigest(materializer, content);
  const info: ArtifactInfo = {
    name,
    version: version.canonical,
    commit: idOf(`${name}@${spelled} ${origin.hash ?? digest}`, createdAt),
    generation: 1,
    digest,
    size: content.reduce((sum, { size }) => sum + size, 0),
    createdAt: new Date(createdAt),
    materializer,
    metadata: { ...metadata, [ORIGIN_KEY]: { ...origin, ...kind } satisfies MindtraceOrigin },
    inputs: [],
    files: content,
  };
  return artifactOf(info, converted.files);
}

/** Returns the time of the last change, milliseconds since 1970. */
export async function modifiedAt(
  files: MindtraceFiles,
  key: string,
  signal?: AbortSignal,
): Promise<number> {
  return Math.trunc((await files.stat(key, { signal }))?.modifiedAt ?? 0);
}

/** Returns an id that is always the same for the same text, as a UUIDv7 of this time. */
export function idOf(text: string, time: number): string {
  const stamp = Math.max(time, 0).toString(16).padStart(12, "0");
  const hex = sha256(`mindtrace ${text}`);
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${
    hex.slice(6, 18)
  }`;
}

async function openFiles(
  files: MindtraceFiles,
  { name, spelled, key }: ListedVersion,
  { files: listed, uuid }: Description,
  signal?: AbortSignal,
): Promise<FileToDecode[]> {
  const at = { ref: `${name}@${spelled}`, key };
  const isBucket = key.endsWith(".json"); // the layout, also of a copy in a folder
  if (isBucket && uuid === undefined) throw damaged(at, "its description has no _storage");
  const folder = isBucket ? `objects/${name}/${spelled}/${uuid}` : `${name}/${spelled}`;
  const paths = listed ?? await files.filesBelow(folder, { signal });
  const opened: FileToDecode[] = [];
  for (const path of paths) {
    const file = await files.open(`${folder}/${path}`, { signal });
    if (file === undefined) throw damaged(at, `its file ${JSON.stringify(path)} is missing`);
    opened.push({ ...reopened(file), path });
  }
  return opened;
}

/** Copies the members of an instance. */
function reopened(file: FileToDecode): FileToDecode {
  const { path, size } = file;
  return { path, size, bytes: () => file.bytes(), stream: (range) => file.stream(range) };
}

function artifactOf(info: ArtifactInfo, converted: readonly ConvertedFile[]): Artifact {
  const files = converted.map(artifactFile);
  const byPath = new Map(files.map((file) => [file.info.path, file]));
  return { info, files: () => files, file: (path) => pickFile(info, byPath, path) };
}

function artifactFile({ info, file }: ConvertedFile): ArtifactFile {
  const stream = (range?: ByteRange) =>
    range === undefined ? iterableStream(checked(info, file)) : file.stream(range);
  return readableFile({ info, stream, bytes: () => readAll(stream()) });
}

/** Yields the bytes, and ends with `Corrupt` if the file changed since it was opened. */
async function* checked(
  { path, sha256 }: ConvertedFile["info"],
  file: FileToDecode,
): AsyncGenerator<Uint8Array> {
  const hash = createSha256();
  for await (const chunk of file.stream()) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest() === sha256) return;
  throw corrupt("read", JSON.stringify(path), "it changed while it was read", {
    hint: "Read the version again.",
  });
}

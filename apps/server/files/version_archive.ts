// Answers with all files of a version as one archive, which is streamed.
import type { Artifact } from "../../../core/artifact.ts";
import type { FileInfo } from "../../../core/record.ts";
import { iterableStream } from "../../../core/bytes/bytes.ts";
import { fault, type RegistryError } from "../../../core/errors.ts";
import { filePathProblem } from "../../../core/naming/file_paths.ts";
import { shown } from "../../../core/naming/names.ts";
import { giveWay } from "../../../core/work/next_turn.ts";
import { linkProblem } from "../../../formats/archive/entries.ts";
import { inLargePieces } from "../../../formats/archive/ranges.ts";
import { tarSize, writeTar } from "../../../formats/archive/tar_write.ts";
import type { WrittenEntry } from "../../../formats/archive/written_entries.ts";
import { writeZip, zipSize } from "../../../formats/archive/zip_write.ts";
import type { ReadableArtifact } from "../access/access.ts";
import { whileAllowed } from "../access/guard_route.ts";
import { placeFor } from "../guard/in_place.ts";
import type { RouteContext } from "../gateways/gateway.ts";
import { Answer, onceSent } from "../answer.ts";
import type { ServerContext } from "../routing.ts";
import { mediaHeaders } from "./media.ts";

interface ArchiveFormat {
  readonly mediaType: string;
  /** Returns the size of the archive, bytes. */
  sizeOf(entries: Iterable<WrittenEntry>): Promise<number>;
  write(entries: AsyncIterable<WrittenEntry>): AsyncIterable<Uint8Array>;
}

/** Files up to this size are read at once: streams take many times the processor time. */
const WHOLE_BYTES = 64 * 1024;
const ZIP = { wholeBytes: WHOLE_BYTES };

/** Without compression, the size is known before the first byte, and the processor is free. */
const FORMATS = {
  zip: {
    mediaType: "application/zip",
    sizeOf: (entries) => zipSize(entries, ZIP),
    write: (entries) => writeZip(entries, { compress: false, ...ZIP }),
  },
  tar: { mediaType: "application/x-tar", sizeOf: tarSize, write: writeTar },
} satisfies Record<string, ArchiveFormat>;

interface AskedArchive {
  artifact: ReadableArtifact;
  format: keyof typeof FORMATS;
}

/** Answers with an archive of a version, as long as the token of the request may read it. */
export async function answerArchive(
  c: RouteContext,
  context: Pick<ServerContext, "windows" | "archives">,
  asked: AskedArchive,
): Promise<Answer> {
  asked.artifact.checkFiles?.();
  const give = context.archives === undefined ? () => {} : await placeFor(c, context.archives);
  try {
    return onceSent(await sendArchive(c, context, asked), give);
  } catch (error) {
    give();
    throw error;
  }
}

async function sendArchive(
  c: RouteContext,
  { windows }: Pick<ServerContext, "windows">,
  { artifact, format }: AskedArchive,
): Promise<Answer> {
  const { info } = artifact;
  const { mediaType, sizeOf, write }: ArchiveFormat = FORMATS[format];
  await checkPaths(info.files);
  const targets = await readTargets(artifact);
  const headers = {
    ...mediaHeaders({ path: `${fileName(info)}.${format}`, mediaType }, "attachment"),
    "content-length": String(await sizeOf(entriesOf({ artifact, targets }))),
    "accept-ranges": "none",
    "cache-control": "no-store",
    "holdfast-commit": info.commit,
    "holdfast-version": info.version,
  };
  if (c.request.method === "HEAD") return new Answer(null, { headers });
  const sent = await windows.open((windowBytes) =>
    iterableStream(inLargePieces(write(opened({ artifact, targets, windowBytes }))))
  );
  const body = whileAllowed(c, sent, { may: (access) => access.may("read", info.name) });
  return new Answer(body, { headers });
}

interface ArchivedVersion {
  artifact: Artifact;
  /** The targets of links, by path. */
  targets: ReadonlyMap<string, Uint8Array>;
  windowBytes?: number;
}

/** Yields the entries of files, made as they are written: a version may have 100,000. */
function* entriesOf(version: ArchivedVersion): Generator<WrittenEntry> {
  for (const file of version.artifact.info.files) yield entryOf(file, version);
}

/** Yields the same, small ones with their bytes. */
async function* opened(version: ArchivedVersion): AsyncGenerator<WrittenEntry> {
  const { artifact } = version;
  for (const file of artifact.info.files) {
    await giveWay(); // small files may come from memory
    const entry = entryOf(file, version);
    if (entry.content instanceof Uint8Array || file.size > WHOLE_BYTES) yield entry;
    else yield { ...entry, content: await artifact.file(file.path).bytes() };
  }
}

function entryOf(
  { path, size, mode, modifiedAt }: FileInfo,
  { artifact, targets, windowBytes }: ArchivedVersion,
): WrittenEntry {
  const stream = () => artifact.file(path).stream(undefined, { windowBytes });
  const content = mode === "folder" ? new Uint8Array() : targets.get(path) ?? { size, stream };
  const time = modifiedAt === undefined ? artifact.info.createdAt : new Date(modifiedAt);
  return { path, content, modifiedAt: time, ...mode !== undefined && { mode } };
}

/** Returns the name of the archive, which every disk can store. */
function fileName({ name, version }: Pick<Artifact["info"], "name" | "version">): string {
  return `${name}-${version}`.replace(/[<>:"/\\|?*]/g, "_");
}

/** Throws for paths that would leave the folder of the archive, or lie below a file or link. */
async function checkPaths(files: readonly FileInfo[]): Promise<void> {
  const folders = new Set<string>();
  for (const { path } of files) {
    const problem = filePathProblem(path, false);
    if (problem !== undefined) throw unsafe(path, problem);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break; // so are its parents
      folders.add(folder);
    }
    await giveWay();
  }
  for (const { path, mode } of files) {
    if (mode === "folder" || !folders.has(path)) continue;
    throw unsafe(path, "it is a file, and other files lie below it");
  }
}

/** Returns the targets of links, by path. Throws for those that lead out of the archive. */
async function readTargets(artifact: Artifact): Promise<Map<string, Uint8Array>> {
  const targets = new Map<string, Uint8Array>();
  for (const { path, mode } of artifact.info.files) {
    if (mode !== "link") continue;
    const target = await artifact.file(path).bytes();
    const problem = linkProblem(path, target);
    if (problem !== undefined) throw unsafe(path, problem);
    targets.set(path, target);
  }
  return targets;
}

function unsafe(path: string, state: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "archive",
    subject: shown(path),
    state,
    hint: "Read the files one by one: GET /artifacts/{name}/versions/{version}/files/{path}",
  });
}

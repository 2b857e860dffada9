// Answers with all files of a version as one archive, which is streamed.
import type { Artifact, PagedArtifact } from "../../../core/artifact.ts";
import type { FileInfo } from "../../../core/record.ts";
import { iterableStream, sortedByPath } from "../../../core/bytes/bytes.ts";
import { type RegistryError, unsupported } from "../../../core/errors.ts";
import { filePathProblem } from "../../../core/naming/file_paths.ts";
import { shown } from "../../../core/naming/names.ts";
import { PathCheck } from "../../../core/naming/path_check.ts";
import { giveWay } from "../../../core/work/next_turn.ts";
import { linkProblem } from "../../../formats/archive/entries.ts";
import { inLargePieces } from "../../../formats/archive/ranges.ts";
import { tarSize, writeTar } from "../../../formats/archive/tar_write.ts";
import type { WrittenEntry } from "../../../formats/archive/written_entries.ts";
import { writeZip, zipSize } from "../../../formats/archive/zip_write.ts";
import type { ReadablePages } from "../access/access.ts";
import { whileAllowed } from "../access/guard_route.ts";
import { placeFor } from "../guard/in_place.ts";
import type { RouteContext } from "../gateways/gateway.ts";
import { Answer, onceSent } from "../answer.ts";
import type { ServerContext } from "../routing.ts";
import { mediaHeaders } from "./media.ts";

interface ArchiveFormat {
  readonly mediaType: string;
  /** Returns the size of the archive, bytes. */
  sizeOf(entries: AsyncIterable<WrittenEntry>): Promise<number>;
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
  archived: ReadablePages;
  format: keyof typeof FORMATS;
}

/** Answers with an archive of a version, as long as the token of the request may read it. */
export async function answerArchive(
  c: RouteContext,
  context: Pick<ServerContext, "windows" | "archives">,
  asked: AskedArchive,
): Promise<Answer> {
  asked.archived.checkFiles?.();
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
  { archived, format }: AskedArchive,
): Promise<Answer> {
  const { info } = archived;
  const { mediaType, sizeOf, write }: ArchiveFormat = FORMATS[format];
  const targets = new Map<string, Uint8Array>();
  const headers = {
    ...mediaHeaders({ path: `${fileName(info)}.${format}`, mediaType }, "attachment"),
    "content-length": String(await sizeOf(checkedEntries(archived, targets, c.request.signal))),
    "accept-ranges": "none",
    "cache-control": "no-store",
    "holdfast-commit": info.commit,
    "holdfast-version": info.version,
  };
  if (c.request.method === "HEAD") return new Answer(null, { headers });
  const sent = await windows.open((windowBytes) =>
    iterableStream(inLargePieces(write(opened(archived, { targets, windowBytes }))))
  );
  const body = whileAllowed(c, sent, { may: (access) => access.may("read", info.name) });
  return new Answer(body, { headers });
}

interface EntryOptions {
  /** The targets of links, by path. */
  targets: ReadonlyMap<string, Uint8Array>;
  windowBytes?: number;
}

/**
 * Yields the entries of files, made as they are needed: a version may have millions. Throws for paths
 * that would leave the folder of the archive, or lie below a file or link, and when the client has
 * left. Adds the targets of links.
 */
async function* checkedEntries(
  { pages }: PagedArtifact,
  targets: Map<string, Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<WrittenEntry> {
  const paths = new PathCheck((path) => filePathProblem(path, false), unsafe);
  for await (const page of pages()) {
    paths.add(sortedByPath(page.info.files));
    for (const file of page.info.files) {
      await giveWay(signal);
      if (file.mode === "link") targets.set(file.path, await readTarget(page, file));
      yield entryOf(page, file, { targets });
    }
  }
}

/** Yields the same, small ones with their bytes. */
async function* opened(
  { pages }: PagedArtifact,
  options: EntryOptions,
): AsyncGenerator<WrittenEntry> {
  for await (const page of pages()) {
    for (const file of page.info.files) {
      await giveWay(); // small files may come from memory
      const entry = entryOf(page, file, options);
      if (entry.content instanceof Uint8Array || file.size > WHOLE_BYTES) yield entry;
      else yield { ...entry, content: await page.file(file.path).bytes() };
    }
  }
}

function entryOf(
  page: Artifact,
  { path, size, mode, modifiedAt }: FileInfo,
  { targets, windowBytes }: EntryOptions,
): WrittenEntry {
  const stream = () => page.file(path).stream(undefined, { windowBytes });
  const content = mode === "folder" ? new Uint8Array() : targets.get(path) ?? { size, stream };
  const time = modifiedAt === undefined ? page.info.createdAt : new Date(modifiedAt);
  return { path, content, modifiedAt: time, ...mode !== undefined && { mode } };
}

/** Returns the name of the archive, which every disk can store. */
function fileName({ name, version }: Pick<Artifact["info"], "name" | "version">): string {
  return `${name}-${version}`.replace(/[<>:"/\\|?*]/g, "_");
}

/** Returns the target of a link. Throws for one that leads out of the archive. */
async function readTarget(page: Artifact, { path }: FileInfo): Promise<Uint8Array> {
  const target = await page.file(path).bytes();
  const problem = linkProblem(path, target);
  if (problem !== undefined) throw unsafe(path, problem);
  return target;
}

function unsafe(path: string, state: string): RegistryError {
  return unsupported("archive", shown(path), state, {
    hint: "Read the files one by one: GET /artifacts/{name}/versions/{version}/files/{path}",
  });
}

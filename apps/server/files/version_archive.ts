// Answers with all files of a version as one archive, which is streamed.
import type { Artifact, ArtifactFile } from "../../../core/artifact.ts";
import { iterableStream } from "../../../core/bytes/bytes.ts";
import { fault, type RegistryError } from "../../../core/errors.ts";
import { itemAt } from "../../../core/faults/present.ts";
import { filePathProblem } from "../../../core/naming/file_paths.ts";
import { shown } from "../../../core/naming/names.ts";
import { createTurn } from "../../../core/work/next_turn.ts";
import { linkProblem } from "../../../formats/archive/entries.ts";
import { inLargePieces } from "../../../formats/archive/ranges.ts";
import { tarSize, writeTar } from "../../../formats/archive/tar_write.ts";
import type { WrittenEntry } from "../../../formats/archive/written_entries.ts";
import { writeZip, zipSize } from "../../../formats/archive/zip_write.ts";
import { whileAllowed } from "../access/guard_route.ts";
import type { RouteContext } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";
import type { ServerContext } from "../routing.ts";
import { mediaHeaders } from "./media.ts";

type Entries = readonly WrittenEntry[];

interface ArchiveFormat {
  readonly mediaType: string;
  /** Returns the size of the archive, bytes. */
  sizeOf(entries: Entries): Promise<number>;
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

/** Answers with an archive of a version, as long as the token of the request may read it. */
export async function answerArchive(
  c: RouteContext,
  { windows }: Pick<ServerContext, "windows">,
  { artifact, format }: { artifact: Artifact; format: keyof typeof FORMATS },
): Promise<Answer> {
  const { info } = artifact;
  const { mediaType, sizeOf, write }: ArchiveFormat = FORMATS[format];
  const files = artifact.files();
  await checkPaths(files);
  const targets = await readTargets(files);
  const entriesOf = (windowBytes?: number): Entries =>
    files.map((file) => entryOf(file, { artifact, targets, windowBytes }));
  const headers = {
    ...mediaHeaders({ path: `${fileName(info)}.${format}`, mediaType }, "attachment"),
    "content-length": String(await sizeOf(entriesOf())),
    "accept-ranges": "none",
    "cache-control": "no-store",
    "holdfast-commit": info.commit,
    "holdfast-version": info.version,
  };
  if (c.request.method === "HEAD") return new Answer(null, { headers });
  const sent = await windows.open((windowBytes) =>
    iterableStream(inLargePieces(write(opened(files, entriesOf(windowBytes)))))
  );
  const body = whileAllowed(c, sent, { may: (access) => access.may("read", info.name) });
  return new Answer(body, { headers });
}

/** Yields the entries of files, small ones with their bytes. */
async function* opened(
  files: readonly ArtifactFile[],
  entries: Entries,
): AsyncGenerator<WrittenEntry> {
  for (const [i, file] of files.entries()) {
    const entry = itemAt(entries, i);
    const isRead = entry.content instanceof Uint8Array;
    if (isRead || file.info.size > WHOLE_BYTES) yield entry;
    else yield { ...entry, content: await file.bytes() };
  }
}

function entryOf(
  file: ArtifactFile,
  { artifact: { info }, targets, windowBytes }: {
    artifact: Artifact;
    targets: ReadonlyMap<string, Uint8Array>;
    windowBytes?: number;
  },
): WrittenEntry {
  const { path, size, mode, modifiedAt } = file.info;
  const content = mode === "folder"
    ? new Uint8Array()
    : targets.get(path) ?? { size, stream: () => file.stream(undefined, { windowBytes }) };
  const time = modifiedAt === undefined ? info.createdAt : new Date(modifiedAt);
  return { path, content, modifiedAt: time, ...mode !== undefined && { mode } };
}

/** Returns the name of the archive, which every disk can store. */
function fileName({ name, version }: Pick<Artifact["info"], "name" | "version">): string {
  return `${name}-${version}`.replace(/[<>:"/\\|?*]/g, "_");
}

/** Throws for paths that would leave the folder of the archive, or lie below a file or link. */
async function checkPaths(files: readonly ArtifactFile[]): Promise<void> {
  const turn = createTurn();
  const folders = new Set<string>();
  for (const { info: { path } } of files) {
    const problem = filePathProblem(path, false);
    if (problem !== undefined) throw unsafe(path, problem);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break; // so are its parents
      folders.add(folder);
    }
    await turn();
  }
  for (const { info: { path, mode } } of files) {
    if (mode === "folder" || !folders.has(path)) continue;
    throw unsafe(path, "it is a file, and other files lie below it");
  }
}

/** Returns the targets of links, by path. Throws for those that lead out of the archive. */
async function readTargets(files: readonly ArtifactFile[]): Promise<Map<string, Uint8Array>> {
  const targets = new Map<string, Uint8Array>();
  for (const file of files) {
    const { path, mode } = file.info;
    if (mode !== "link") continue;
    const target = await file.bytes();
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

// Writes tar files as ustar, with pax headers for values that do not fit
// (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13). Entries are
// streamed. Times are 1970-01-01 and owners 0, so that equal entries make equal archives.
import { plainBytes } from "../../core/bytes/bytes.ts";
import { contentSize, contentStream } from "../content/content.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record.ts";
import { unwritable } from "./entries.ts";
import {
  BLOCK_BYTES,
  encodePax,
  encodeTarHeader,
  fitsTarHeader,
  MAX_OCTAL_SIZE,
  TYPES,
} from "./tar_header.ts";
import type { WrittenEntry } from "./written_entries.ts";

const KINDS: Record<FileMode | "file", { type: string; permissions: number }> = {
  file: { type: TYPES.file, permissions: 0o644 },
  executable: { type: TYPES.file, permissions: 0o755 },
  link: { type: TYPES.link, permissions: 0o777 },
  folder: { type: TYPES.folder, permissions: 0o755 },
};
/** The name that programs without pax support see instead of a longer one. */
const NAME_ELSEWHERE = "pax-path";

export async function* writeTar(entries: AsyncIterable<WrittenEntry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    const { path, mode = "file", content } = entry;
    const isFile = KINDS[mode].type === TYPES.file;
    const size = isFile ? contentSize(content) : 0;
    if (size === undefined) {
      throw unwritable(`${shown(path)} is a stream, but tar stores sizes before contents`);
    }
    const target = mode === "link" ? new TextDecoder().decode(content as Uint8Array) : "";
    yield* headersOf({ ...KINDS[mode], name: mode === "folder" ? `${path}/` : path, target, size });
    if (isFile) {
      for await (const piece of contentStream(content)) yield plainBytes(piece).slice();
    }
    yield new Uint8Array(-size & (BLOCK_BYTES - 1));
  }
  yield new Uint8Array(2 * BLOCK_BYTES);
}

function* headersOf(header: Parameters<typeof encodeTarHeader>[0]): Generator<Uint8Array> {
  const { name, target, size } = header;
  const records = new Map<string, string>();
  if (!fitsTarHeader(name)) records.set("path", name);
  if (!fitsTarHeader(target)) records.set("linkpath", target);
  if (size > MAX_OCTAL_SIZE) records.set("size", `${size}`);
  if (records.size > 0) {
    const content = encodePax(records);
    const type = TYPES.pax;
    const size = content.byteLength;
    yield encodeTarHeader({ name: NAME_ELSEWHERE, target: "", type, permissions: 0o644, size });
    yield content;
    yield new Uint8Array(-content.byteLength & (BLOCK_BYTES - 1));
  }
  yield encodeTarHeader({
    ...header,
    name: records.has("path") ? NAME_ELSEWHERE : name,
    target: records.has("linkpath") ? NAME_ELSEWHERE : target,
    size: records.has("size") ? 0 : size,
  });
}

// Writes tar files, as ustar, with pax headers where a name or a number does not fit
// (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13): one entry
// after the other, so that no more than one piece of one is in memory. Times are 1970-01-01 and
// owners 0: equal entries make equal archives.
import { plainBytes } from "../../core/bytes/bytes.ts";
import { contentSize, contentStream } from "../content/content.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record.ts";
import { unwritableArchive } from "./entries.ts";
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
/** Where a name does not fit, programs that know no pax headers see this. */
const NAME_ELSEWHERE = "pax-path";

export async function* writeTar(entries: AsyncIterable<WrittenEntry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    const { path, mode = "file", content } = entry;
    const isFile = KINDS[mode].type === TYPES.file;
    const size = isFile ? contentSize(content) : 0;
    if (size === undefined) {
      throw unwritableArchive(
        `a tar file has the size of ${shown(path)} before it, and a stream does not say its own`,
      );
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
    yield encodeTarHeader({
      name: NAME_ELSEWHERE,
      target: "",
      type: TYPES.pax,
      permissions: 0o644,
      size: content.byteLength,
    });
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

// Limits on the files of a version and of a request. They are checked before any file is stored or
// sent, by the paths and sizes that are known.
import { invalid } from "../errors.ts";
import { heapRoomBytes } from "../system.ts";

/** Longest list of files that is one object, bytes: its JSON must fit into a string. */
export const MAX_FILE_LIST_BYTES: number = 256 * 1024 * 1024;

/** Most files in one request to a service. */
export const MOST_SENT_FILES = 100_000;

/** Most files in one part of a draft, whose list is one object. */
export const MOST_PART_FILES = 1_000_000;

/** Memory that a program needs for each file of a version that it saves or lists, bytes. */
const BYTES_OF_FILE = 600;
/** So few files are tried in any heap. */
const FEW_FILES = 10_000;

/**
 * Throws `Invalid` for more files than the heap of this thread has room for, before a list of them
 * ends the program.
 */
export function checkHeap(
  action: string,
  subject: string | undefined,
  count: number,
  roomBytes: number | undefined = heapRoomBytes(),
): void {
  if (roomBytes === undefined || count <= FEW_FILES) return;
  if (count * BYTES_OF_FILE < roomBytes) return;
  const state = `${count} files are too many for the memory of this program`;
  throw invalid(action, subject, state, {
    hint: "Give the program more memory, save several smaller artifacts, or read one file at a " +
      "time with `openFile`.",
  });
}

/** Characters of an entry in the list, of its part, and of its offset in a pack, at least. */
const FILE = `{"path":"","size":,"sha256":"${"0".repeat(64)}"},`.length;
const PART = `,"parts":[{"object":0,"size":}]`.length;
const OFFSET = `,"offset":00000`.length;
/** Files up to this size lie side by side. */
const PACKED_BYTES = 256 * 1024;

/**
 * Throws `Invalid` if the list of files would be too long for one object, unless most are equal.
 * Files of unknown size count as empty.
 */
export function checkFileList(files: Iterable<{ path: string; size?: number }>): void {
  let count = 0, bytes = 0;
  for (const { path, size = 0 } of files) {
    count++;
    bytes += FILE + path.length;
    if (size > 0) bytes += PART + (size > PACKED_BYTES ? 0 : OFFSET) + 2 * String(size).length;
  }
  if (bytes <= MAX_FILE_LIST_BYTES) return;
  throw tooMany(`${count} files, whose list would have over ${MAX_FILE_LIST_BYTES} bytes`);
}

/** Throws `Invalid` for more files than one call may have. */
export function checkFileCount(count: number, most?: number): void {
  if (most !== undefined && count > most) {
    const one = most === MOST_SENT_FILES ? "request to a service" : "part of a draft";
    throw tooMany(`over ${most} files in one ${one}`);
  }
}

function tooMany(state: string) {
  const hint = "Save several artifacts or parts of a draft, or one archive. Nothing was saved.";
  return invalid("save", "files", state, { hint });
}

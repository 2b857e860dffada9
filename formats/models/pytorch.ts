// The kind of a PyTorch file. Its pickle is never executed: loading one can run any code.
import { readAll } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { zipEntry } from "../archive/zip_content.ts";
import { readZipDirectory, type ZipRecord } from "../archive/zip_directory.ts";
import { corrupt } from "./faults.ts";

/** Facts of a file that PyTorch or a library on it has written. */
export interface PytorchFacts {
  kind: "pytorch";
  /** `torchscript` files contain code; `legacy` files are older than PyTorch 1.6. */
  container: "zip" | "torchscript" | "legacy" | "pickle";
  /** The library whose classes it needs. */
  library?: "ultralytics";
  /** Stored arrays, and their bytes. Unknown for `legacy` and `pickle`. */
  storages?: number;
  storageBytes?: number;
}

/** The pickle of a number with which old files begin. */
const LEGACY = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const ULTRALYTICS = /ultralytics\.(nn|engine|models|utils)\b/;
/** Bytes of a pickle in which names of classes are searched. */
const MAX_PICKLE_BYTES = 16 * 1024 * 1024;
const LIMITS = { maxEntries: 1_000_000, maxBytes: Number.MAX_SAFE_INTEGER };

/** Returns true if a file can be one of PyTorch, by its first bytes. */
export function looksLikePytorch(head: Uint8Array): boolean {
  const isZip = head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
  return isZip || isPickle(head);
}

function isPickle([mark, protocol = 0]: Uint8Array): boolean {
  return mark === 0x80 && protocol >= 2 && protocol <= 5;
}

/** Reads the facts of a file. */
export async function readPytorch(
  file: FileToDecode,
  signal?: AbortSignal,
): Promise<PytorchFacts> {
  const length = Math.min(file.size, MAX_PICKLE_BYTES);
  if (length < 4) throw corrupt(file.path, `it has ${file.size} bytes`);
  const head = await readAll(file.stream({ offset: 0, length: Math.min(length, 64) }), signal);
  if (head[0] === 0x50) return await readZipped(file, signal);
  if (!isPickle(head)) throw corrupt(file.path, "neither a ZIP file nor a pickle");
  const pickle = await readAll(file.stream({ offset: 0, length }), signal);
  const container = LEGACY.every((byte, i) => head[i] === byte) ? "legacy" : "pickle";
  return { kind: "pytorch", container, ...libraryOf(pickle) };
}

async function readZipped(file: FileToDecode, signal?: AbortSignal): Promise<PytorchFacts> {
  const records = await readZipDirectory(file, LIMITS, signal);
  const inside = (record: ZipRecord) => record.path.slice(record.path.indexOf("/") + 1);
  const pickle = records.find((record) => inside(record) === "data.pkl");
  if (pickle === undefined) throw corrupt(file.path, "it is a ZIP file without a data.pkl");
  const storages = records.filter((record) => inside(record).startsWith("data/"));
  const isScript = records.some((record) => inside(record).startsWith("code/"));
  const content = pickle.size <= MAX_PICKLE_BYTES
    ? await zipEntry(file, pickle).bytes()
    : new Uint8Array();
  return {
    kind: "pytorch",
    container: isScript ? "torchscript" : "zip",
    ...libraryOf(content),
    storages: storages.length,
    storageBytes: storages.reduce((sum, { size }) => sum + size, 0),
  };
}

/** Names of classes are plain text in a pickle. */
function libraryOf(pickle: Uint8Array): Pick<PytorchFacts, "library"> {
  const text = new TextDecoder("latin1").decode(pickle);
  return ULTRALYTICS.test(text) ? { library: "ultralytics" } : {};
}

// Stores a payload: its files or its value as objects in a folder, except what its shelves have.
import type { Encoding } from "../../../core/record.ts";
import type { SaveOptions } from "../../../core/registry.ts";
import type { Base } from "../base.ts";
import { sharesBytes } from "../../cell/objects.ts";
import { sharingOf } from "../sharing.ts";
import type { SeenFiles } from "../seen_files.ts";
import type { Unfinished } from "../unfinished.ts";
import type { MadeByJob, Payload } from "../write.ts";
import { ChunkLists } from "./chunk_lists.ts";
import type { PayloadFolder } from "./payload_folder.ts";
import { placeShared } from "./place_shared.ts";
import { type Destination, sendFiles } from "./send_queue.ts";

/** The stored files that a save may find: of its base, of an interrupted save, on this disk. */
export interface Shelves {
  base?: Base;
  left?: Unfinished;
  seen?: SeenFiles;
}

export interface StoringOptions {
  compress?: Encoding;
  /** @default "bytes" */
  share?: SaveOptions["share"];
  /** True if the files are those of the base. @default false */
  wholeBase?: boolean;
  signal?: AbortSignal;
}

export async function storePayload(
  payload: Payload,
  { folder, shelves = {} }: { folder: PayloadFolder; shelves?: Shelves },
  options: StoringOptions,
): Promise<void> {
  const { base, seen } = shelves;
  const { share = "bytes", wholeBase = false } = options;
  const lists = new ChunkLists((bytes) => folder.put(bytes));
  if (wholeBase || seen?.some) await base?.inspectAll();
  if (payload.value === undefined) {
    const from = sharedFrom(base, share);
    const sharing: Destination["sharing"] = (file, stored) =>
      sharingOf(file, stored?.file.values ? { ...from, valued: base?.valued ?? new Map() } : from);
    await sendFiles(payload, { folder, ...shelves, lists, sharing });
  } else await storeValue(payload, payload.value, { folder, base, lists }, options);
  if (base !== undefined) await placeShared(payload.files, base, folder);
  await lists.end(payload.files);
}

/** Returns the files of a base that others may share bytes or values with. */
function sharedFrom(base: Base | undefined, share: StoringOptions["share"]) {
  return {
    sharing: share === "files" || share === "none" ? undefined : base?.earlier ?? new Map(),
    valued: share === "values" ? base?.valued ?? new Map() : undefined,
  };
}

async function storeValue(
  payload: Payload,
  value: MadeByJob,
  { folder, base, lists }: { folder: PayloadFolder; base?: Base; lists: ChunkLists },
  options: StoringOptions,
): Promise<void> {
  const { compress, share = "bytes", signal } = options;
  const job = { ...value, compress, known: base?.bySize, ...sharedFrom(base, share) };
  const { files, inline, lists: made } = await folder.run("storeValue", job, signal);
  payload.files = files;
  payload.inline = inline;
  for (const [sha256, list] of made) await lists.keep(sha256, list);
  for (const file of files) {
    if (sharesBytes(file)) base!.isShared = true;
  }
  for (const file of files) {
    if (file.inline !== undefined || file.parts !== undefined) continue;
    if (await base?.take(file)) continue;
    if (base !== undefined) base.isShared = false;
    return await storeValue(payload, value, { folder, lists }, options); // stores all again
  }
}

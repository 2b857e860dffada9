// Reads the files of a part before its draft is committed.
import type { Part, StoredFile } from "../../../core/record.ts";
import { corrupt } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import { draftPlace, encodePlace, payloadKey } from "../../format/layout.ts";
import { decodeBytes } from "../../payload/encoding.ts";
import { PartReader } from "../../payload/part_reader.ts";
import type { DraftCall, FoundPart } from "./draft_state.ts";

/** Returns the verified bytes of a file of a part, in memory. */
export async function readPartFile(
  { context: { backend }, name, spoken, signal }: DraftCall,
  { note, inline, addition }: FoundPart,
  file: StoredFile,
): Promise<Uint8Array> {
  const place = encodePlace(draftPlace(addition.commit));
  const ref = `${spoken}, part ${shown(note.part)}`;
  const missing = (key: string) => {
    const hint = "Check whether another program deleted it.";
    const at = { hint, key, backend: backend.location };
    return Promise.reject(corrupt("read", ref, "a stored object is missing", at));
  };
  const keyOf = (_: StoredFile, part: Part) => payloadKey(name, place, part.object);
  const source = { ref, recordKey: addition.info.key, inline, keyOf, missing };
  const reader = new PartReader({ source, backend, verify: "integrity", signal });
  const stored = await reader.open(file).bytes();
  const bytes = file.encoding === undefined
    ? stored
    : decodeBytes(stored, file.encoding, file.size);
  const { see, end } = reader.wholeCheck(file);
  await see(bytes);
  end?.();
  return bytes;
}

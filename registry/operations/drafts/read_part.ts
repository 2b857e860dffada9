// Reads the files of a part before its draft is committed.
import type { ArtifactFile, ArtifactInfo } from "../../../core/artifact.ts";
import { iterableStream } from "../../../core/bytes/bytes.ts";
import type { Part, StoredFile } from "../../../core/record.ts";
import { corrupt } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import { readableFile } from "../../../core/registry/artifact_file.ts";
import { fileInfo } from "../../cache/read.ts";
import { draftPlace, encodePlace, payloadKey } from "../../format/layout.ts";
import { StoreReader } from "../../payload/store_reader.ts";
import type { DraftCall, FoundPart } from "./draft_state.ts";

/** Returns a file of a part, whose bytes are verified as those of a version are. */
export function openPartFile(
  { context: { backend }, name, spoken, signal }: DraftCall,
  { note, inline, addition }: FoundPart,
  file: StoredFile,
): ArtifactFile {
  const place = encodePlace(draftPlace(addition.commit));
  const ref = `${spoken}, part ${shown(note.part)}`;
  const missing = (key: string) => {
    const hint = "Check whether another program deleted it.";
    const at = { hint, key, backend: backend.location };
    return Promise.reject(corrupt("read", ref, "a stored object is missing", at));
  };
  const keyOf = (_: StoredFile, part: Part) => payloadKey(name, place, part.object);
  const info = { name, size: file.size } as ArtifactInfo; // of which only the progress is made
  const source = { ref, recordKey: addition.info.key, inline, keyOf, missing, info, files: [file] };
  const reader = new StoreReader({ backend }, source, { verify: "integrity", signal });
  return readableFile({
    info: fileInfo(file),
    stream: (range, window) =>
      iterableStream(
        range === undefined ? reader.whole(file).chunks(window) : reader.range(file, range, window),
      ),
    bytes: () => reader.whole(file).bytes(),
  });
}

/** Returns the verified bytes of a file of a part, in memory. */
export async function readPartFile(
  draft: DraftCall,
  part: FoundPart,
  file: StoredFile,
): Promise<Uint8Array> {
  return await openPartFile(draft, part, file).bytes();
}

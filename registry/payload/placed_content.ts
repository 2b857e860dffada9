// Content that lies where it is to stay already: the record has only to say so.
import { fault } from "../../core/errors.ts";
import type { FileSource } from "../../core/materializer.ts";
import type { StoredFile } from "../../core/record/record.ts";

/** A file whose payload is there. Whoever says so has looked, and knows that no janitor takes it. */
export class PlacedContent implements FileSource {
  readonly file: StoredFile & Required<Pick<StoredFile, "parts" | "from">>;
  readonly size: number;

  constructor(file: PlacedContent["file"]) {
    this.file = file;
    this.size = file.size;
  }

  stream(): ReadableStream<Uint8Array> {
    throw fault({
      code: "Unsupported",
      action: "read",
      subject: `"${this.file.path}" here`,
      state: "it is stored already",
      hint: "Read it from the version when it was saved.",
    });
  }
}

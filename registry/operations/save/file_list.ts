// The files of a record, and where they are: in it, or in a list of their own.
import { fault, type RegistryError } from "../../../core/errors.ts";
import type { StoredFile } from "../../../core/record.ts";
import type { Operation } from "../../cell/operation.ts";
import { payloadKey } from "../../format/layout.ts";
import { MAX_FILE_LIST_BYTES } from "../../format/record_shape.ts";

/** A longer list of files is kept as a payload object of its own. */
const MAX_LIST_BYTES = 128 * 1024;

/** So few files and parts of files need not be measured: their list is short. */
const FEW_ENTRIES = 100;

/** What others have stored, and the record of these files will rest on. */
export function sharedObjects(name: string, files: readonly StoredFile[]): string[] {
  const objects = files.flatMap(({ from: ofFile, parts = [] }) =>
    parts.flatMap(({ object, from = ofFile }) =>
      from === undefined ? [] : [payloadKey(name, from, object)]
    )
  );
  return [...new Set(objects)];
}

export function placedUnder(from: string | undefined, files: StoredFile[]): StoredFile[] {
  if (from === undefined) return files;
  return files.map((file) =>
    file.parts === undefined || file.from !== undefined ? file : { ...file, from }
  );
}

export function fileListOf(
  operation: Operation,
  files: readonly StoredFile[],
): Uint8Array | undefined {
  if (files.reduce((sum, { parts = [] }) => sum + 1 + parts.length, 0) < FEW_ENTRIES) {
    return undefined;
  }
  const bytes = new TextEncoder().encode(JSON.stringify(files));
  if (bytes.byteLength > MAX_FILE_LIST_BYTES) {
    throw tooManyFiles(operation, files.length, bytes.byteLength);
  }
  return bytes.byteLength > MAX_LIST_BYTES ? bytes : undefined;
}

function tooManyFiles({ action }: Operation, files: number, bytes: number): RegistryError {
  return fault({
    code: "Invalid",
    action,
    state: `the list of its ${files} files has ${bytes} bytes, ${MAX_FILE_LIST_BYTES} are allowed`,
    hint: "Save them as several artifacts, or as one archive.",
  });
}

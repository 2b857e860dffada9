// A file of a version: its text and JSON, and the same file for another save.
import type { Artifact, ArtifactFile } from "../artifact.ts";
import { forEachChunk } from "../bytes/bytes.ts";
import { fault } from "../errors.ts";
import type { FileToSave } from "../materializer.ts";
import type { FileInfo } from "../record.ts";
import { fileFacts } from "./file_facts.ts";
import { shown } from "../naming/names.ts";
import { parsedJson } from "../text/json_text.ts";

/** Adds `text` and `json` to a file. */
export function readableFile<T extends Omit<ArtifactFile, "text" | "json">>(
  file: T,
): T & ArtifactFile {
  const failed = (what: string) => {
    const state = `it is not ${what}`;
    const hint = "Read its bytes: await file.bytes().";
    const subject = `${shown(file.info.path)} as ${what}`;
    return fault({ code: "Unsupported", action: "read", subject, state, hint });
  };
  const text = async () => {
    const bytes = await file.bytes();
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw failed("UTF-8");
    }
  };
  const json = async () => {
    const content = await text();
    const value = parsedJson(content.replace(/^\ufeff/, ""));
    if (value === undefined) throw failed("JSON");
    return value;
  };
  return { ...file, text, json };
}

/** Returns a file of a version for another save, which shares its stored bytes if it can. */
export function fileToSave(
  artifact: Artifact,
  file: FileInfo,
  path: string = file.path,
): FileToSave {
  const content = { ...artifact.file(file.path), size: file.size };
  return { path, ...fileFacts(file), content };
}

/** Passes the bytes of a file to `write` as they arrive. */
export async function passFile(
  file: ArtifactFile,
  write: (chunk: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  if (file.passTo === undefined) await forEachChunk(file.stream(), write, signal);
  else await file.passTo(write, signal);
}

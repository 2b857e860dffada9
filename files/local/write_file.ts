/**
 * Writing a file on a disk: beside its place, under a name that nobody reads, and then there.
 *
 * @module
 */
import fs from "node:fs";
import { open } from "node:fs/promises";
import { forEachChunk } from "../../core/bytes/bytes.ts";
import { contentBytes, contentStream } from "../../core/files/content.ts";
import { OWN_PREFIX } from "../../core/files/paths.ts";
import type { FileToSave } from "../../core/materializer.ts";
import type { System } from "../../core/system.ts";
import { codeOf } from "./place.ts";

/** What a file that is being written is called until it is whole. */
const STAGE_NAME = new RegExp(`^\\${OWN_PREFIX}[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`);
/** Nobody writes one file for longer. */
const STALE_MS = 24 * 60 * 60 * 1000;

/**
 * Writes content to a new file in a folder. Leaves nothing behind when it fails.
 *
 * @param folder absolute path
 * @returns absolute path of the file
 */
export async function stageFile(
  folder: string,
  content: FileToSave["content"],
  { system, durable, signal }: { system: System; durable: boolean; signal?: AbortSignal },
): Promise<string> {
  const path = `${folder}/${OWN_PREFIX}${system.id()}`;
  try {
    if (content instanceof Uint8Array) {
      const bytes = await contentBytes(content, { signal });
      signal?.throwIfAborted();
      fs.writeFileSync(path, bytes, { flag: "wx", flush: durable });
      return path;
    }
    const file = await open(path, "wx");
    try {
      await forEachChunk(contentStream(content), async (chunk) => {
        for (let done = 0; done < chunk.byteLength;) {
          done += (await file.write(chunk, done, chunk.byteLength - done)).bytesWritten;
        }
      }, signal);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    signal?.throwIfAborted();
    return path;
  } catch (error) {
    removeStage(path);
    throw error;
  }
}

/** Removes a file that got no place. */
export function removeStage(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (codeOf(error) === undefined) throw error; // else a later sweep does it
  }
}

/** Removes what writers that died have left in a folder; younger than a day it may be in the works. */
export function sweepStages(folder: string, system: System): void {
  for (const name of fs.readdirSync(folder)) {
    if (!STAGE_NAME.test(name)) continue;
    const path = `${folder}/${name}`;
    const found = fs.lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && found.mtimeMs < system.now() - STALE_MS) removeStage(path);
  }
}

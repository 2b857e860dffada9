/**
 * Folders beside or inside a target into which a download writes before anything gets its name.
 *
 * @module
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { realSystem } from "../system.ts";

/** How the names of these folders begin. */
export const STAGE_PREFIX = ".holdfast-";

/** A folder to write into. */
export interface StageFolder {
  /** Where the files go. */
  readonly path: string;
  /** Removes it, with what is still in it. */
  remove(): void;
}

/** Makes a new one. */
export function openStageFolder(stageIn: string): StageFolder {
  mkdirSync(stageIn, { recursive: true });
  const path = join(stageIn, `${STAGE_PREFIX}${realSystem.id()}`);
  mkdirSync(path);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

// Files of a run that goes on, for programs that read them before its version is there.
import type { ArtifactFile } from "../core/artifact.ts";
import type { Registry } from "../core/registry.ts";
import type { RunName } from "../core/registry/run.ts";
import {
  contextOf,
  DraftCall,
  lookAtDraft,
  openPartFile,
  readParts,
} from "../registry/draft_reads.ts";
import { draftIdOf } from "./run_parts.ts";

/** A file of a run that goes on. Several parts may have files with the same path. */
export interface RunFile extends ArtifactFile {
  readonly part: string;
  /** By the clock of the store. */
  readonly addedAt: Date;
}

/**
 * Opens the files of some parts of a run.
 *
 * @throws {RegistryError} `Unsupported` for a registry without a store
 */
export async function openRunFiles(
  registry: Registry,
  run: RunName,
  isWanted: (part: string) => boolean,
): Promise<RunFile[]> {
  const context = contextOf(registry, "read files of a run");
  const draft = new DraftCall(context, { name: run.name, id: draftIdOf(run) });
  const look = await lookAtDraft(draft);
  const parts = new Map([...look.parts].filter(([part]) => isWanted(part)));
  const found = await readParts(draft, { ...look, parts });
  return found.flatMap((part) =>
    part.note.files.map((file) => ({
      ...openPartFile(draft, part, file),
      part: part.note.part,
      addedAt: new Date(part.addition.info.modifiedAt),
    }))
  );
}

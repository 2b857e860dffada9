// Files, facts and ids of stored runs, for programs that read them before their versions are there.
import type { ArtifactFile } from "../core/artifact.ts";
import { isPrefix } from "../core/backend.ts";
import { RUN_PREFIX, runIdOf } from "../core/naming/draft_ids.ts";
import { decodeName, encodeName, encodeNamePrefix } from "../core/naming/names.ts";
import type { Registry } from "../core/registry.ts";
import type { RunName } from "../core/registry/run.ts";
import {
  type Context,
  contextOf,
  DraftCall,
  DRAFTS,
  lookAtDraft,
  openPartFile,
  readParts,
} from "../registry/draft_reads.ts";
import { draftIdOf } from "./run_parts.ts";

export { checkFacts } from "./check_facts.ts";

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

/** Yields the ids of the stored runs of a name that begin so, also of those that have ended. */
export function runIdsWith(
  registry: Registry,
  name: string,
  begin: string,
): AsyncGenerator<string> {
  return idsIn(contextOf(registry, "list runs"), `${DRAFTS}${encodeName(name)}/`, { begin });
}

/** Yields the names with a prefix that have stored drafts. */
export async function* namesWithDrafts(
  registry: Registry,
  prefix: string,
): AsyncGenerator<string> {
  const context = contextOf(registry, "list names");
  for await (const folder of foldersIn(context, DRAFTS + encodeNamePrefix(prefix))) {
    const name = decodeName(folder.slice(DRAFTS.length, -1));
    if (name !== undefined) yield name;
  }
}

/** Yields the ids of the runs of a name whose drafts are stored, also of those that have ended. */
export function storedRunIds(context: Context, name: string): AsyncGenerator<string> {
  return idsIn(context, `${DRAFTS}${encodeName(name)}/`);
}

export async function* idsIn(
  context: Context,
  folder: string,
  { begin = "", signal }: { begin?: string; signal?: AbortSignal } = {},
): AsyncGenerator<string> {
  const drafts = foldersIn(context, folder + encodeNamePrefix(RUN_PREFIX + begin), signal);
  for await (const draft of drafts) {
    const id = runIdOf(decodeName(draft.slice(folder.length, -1)) ?? "");
    if (id !== undefined) yield id;
  }
}

export async function* foldersIn(
  { backend }: Context,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  for await (const entry of backend.list(prefix, { delimiter: "/", signal })) {
    if (isPrefix(entry)) yield entry.prefix;
  }
}

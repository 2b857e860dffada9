// Undoing a deletion: a save of the deleted version, above its tombstone (decision 91).
import type { Artifact } from "../../../core/artifact.ts";
import { alreadyExists, invalid, isRegistryError, notFound } from "../../../core/errors.ts";
import type { RegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import { parseRef, type Ref } from "../../../core/naming/refs.ts";
import { FIRST_VERSION, type Version } from "../../../core/naming/versions.ts";
import type { TombstoneRecord } from "../../../core/record.ts";
import { fileToSave } from "../../../core/registry/artifact_file.ts";
import type { SavedArtifact, UndeleteOptions } from "../../../core/registry.ts";
import { backoffMs } from "../../../core/retry.ts";
import { createArtifact } from "../../cache/read.ts";
import { whileForgetting } from "../../cache/cached_records.ts";
import { type Graces, readGraces } from "../../cell/graces.ts";
import { readHead } from "../../cell/heads.ts";
import { payloadKeysOf } from "../../cell/file_list.ts";
import type { Operation } from "../../cell/operation.ts";
import { inUtc } from "../../cell/since.ts";
import { createLoadLimit } from "../../../core/calls/load_limit.ts";
import { ALIVE, orderSegment, payloadFolder, versionCell } from "../../format/layout.ts";
import { type Base, createBase } from "../../payload/base.ts";
import type { PayloadSource } from "../../payload/store_reader.ts";
import { checkWritable, type Context } from "../context.ts";
import {
  type CellContent,
  type DeletedVersion,
  keptUntil,
  readContent,
} from "./deleted_version.ts";
import { keptMembers } from "./kept_members.ts";
import { payloadSource } from "../load.ts";
import { versionNotFound } from "../resolve.ts";
import { saveFiles } from "../save.ts";
import type { FilesOfArtifact } from "../saving/attempt.ts";

/** Maximum number of attempts after other writers changed the version. */
const MAX_TRIES = 20;

/** Restores a deleted version. */
export async function undeleteRef(
  context: Context,
  text: string,
  options: UndeleteOptions = {},
): Promise<SavedArtifact> {
  checkWritable(context, `undelete ${shown(text)}`);
  const ref = parseRef(text, options.version);
  const version = namedVersion(context, ref);
  const { signal, onProgress } = options;
  const cell = versionCell(ref.name, version, context.settings.versioned);
  for (let tries = 1;; tries++) {
    const content = await readContent(context, cell, signal);
    const subject = { name: ref.name, version };
    const deleted = await restorable(context, subject, content, signal);
    const artifact = await artifactOf(context, subject, deleted, signal);
    const { metadata, version: full } = deleted.version.located.record;
    const saving = {
      version: context.settings.versioned ? full : undefined,
      metadata,
      signal,
      onProgress,
    };
    try {
      return await whileForgetting(context, cell, () => saveFiles(context, artifact, saving));
    } catch (error) {
      if (isRegistryError(error, "NotFound", "Corrupt")) {
        await checkThere(context, subject, deleted);
      }
      // another writer was faster
      if (!isRegistryError(error, "AlreadyExists") || tries >= MAX_TRIES) throw error;
    }
    await context.system.sleep(backoffMs(Math.min(tries, 6), context.system.random), signal);
  }
}

interface Subject {
  name: string;
  version: Version;
}

/** Returns the version that a ref names: no other ref can mean a deleted one. */
function namedVersion({ settings: { versioned } }: Context, { name, selector }: Ref): Version {
  if (selector.kind === "version") return selector.version;
  if (!versioned && selector.kind === "latest") return FIRST_VERSION;
  const state = "no version is given";
  throw invalid("undelete", shown(name), state, {
    hint: `Pass "name@version". List deleted versions with registry.versions(${
      shown(name)
    }, { deleted: true }).`,
  });
}

type Restorable = Extract<CellContent, { state: "deleted" }> & { version: DeletedVersion };

/** Returns the content of a cell if it can be restored, else throws the reason. */
async function restorable(
  context: Context,
  subject: Subject,
  content: CellContent,
  signal?: AbortSignal,
): Promise<Restorable> {
  const { name, version } = subject;
  const ref = `"${name}@${version.canonical}"`;
  if (content.state === "live") {
    throw alreadyExists("undelete", ref, "it is not deleted", {
      hint: "Read it: nothing has to be restored.",
      backend: context.backend.location,
    });
  }
  if (content.state === "unused") throw await versionNotFound(context, name, version, signal);
  if (content.version === undefined) throw gone(context, subject, content);
  return { ...content, version: content.version };
}

/** The error of a version of which garbage collection has removed something. */
function gone(
  context: Context,
  { name, version }: Subject,
  { tombstone, version: deleted }: { tombstone: TombstoneRecord; version?: DeletedVersion },
  graces?: Graces,
): RegistryError {
  const until = deleted && graces
    ? `, and they were kept until ${new Date(keptUntil(graces, deleted.replacedAt)).toISOString()}`
    : "";
  const state = `its files are gone: it was deleted at ${inUtc(tombstone.createdAt)}${until}`;
  return notFound("undelete", `"${name}@${version.canonical}"`, state, {
    hint: "Save it again as a new version, or copy it from a mirror.",
    backend: context.backend.location,
  });
}

/** Returns the deleted version as files to save. */
async function artifactOf(
  context: Context,
  subject: Subject,
  content: Restorable,
  signal?: AbortSignal,
): Promise<FilesOfArtifact> {
  const { head, tombstone, version: { located, replacedAt } } = content;
  const { record } = located;
  const graces = await readGraces(context, signal);
  const fail = () => Promise.reject(gone(context, subject, content, graces));
  const source = await deletedSource(context, located, fail, signal);
  const limit = createLoadLimit(context.maxLoadBytes);
  const artifact = createArtifact(context, source, { verify: "integrity", signal, limit });
  const { materializer, inputs, origin, createdAt, digest, commit, restored = [] } = record;
  return {
    name: subject.name,
    materializer,
    members: {
      ...keptMembers(record),
      createdAt,
      by: record.by,
      ...(inputs && { inputs }),
      ...(origin && { origin }),
    },
    above: head.generation,
    wholeBase: true,
    digest,
    deleted: {
      restoredBy: ({ createdAt: restoredAt, by: restoredBy }) => [
        ...restored,
        {
          commit,
          deletedAt: inUtc(tombstone.createdAt),
          restoredAt,
          deletedBy: tombstone.by,
          restoredBy,
        },
      ],
      loadBase: (operation) =>
        loadBase(context, operation, {
          ...subject,
          source,
          content,
          keptUntil: keptUntil(graces, replacedAt),
        }),
    },
    produce: () => filesOf(artifact),
  };
}

/** Throws `NotFound` if an object of a deleted version was collected. */
async function checkThere(
  context: Context,
  subject: Subject,
  content: Restorable,
): Promise<void> {
  for (const key of await payloadKeysOf(context, content.version.located.record)) {
    if (await context.backend.head(key) !== undefined) continue;
    throw gone(context, subject, content, await readGraces(context));
  }
}

function filesOf(artifact: Artifact) {
  return artifact.info.files.values().map((file) => fileToSave(artifact, file));
}

/** Opens the files of a deleted version. What is missing was collected. */
async function deletedSource(
  context: Context,
  located: DeletedVersion["located"],
  missing: () => Promise<never>,
  signal?: AbortSignal,
): Promise<PayloadSource> {
  try {
    return { ...await payloadSource(context, located, signal), missing };
  } catch (error) {
    if (isRegistryError(error, "Conflict")) return await missing(); // its long list of files
    throw error;
  }
}

interface DeletedBase extends Subject {
  source: PayloadSource;
  content: Restorable;
  /** No collector frees the files before, by the store's clock, milliseconds. */
  keptUntil: number;
}

/**
 * Returns the deleted version as a base. Its files are shared if no collector can free them before
 * the record has landed or is late, else copied.
 */
async function loadBase(
  context: Context,
  operation: Operation,
  { name, version, source, content, keptUntil }: DeletedBase,
): Promise<Base> {
  const { head, version: { located } } = content;
  const { signal } = operation;
  await touch(context, operation, { name, version });
  operation.checkSend();
  const seenAt = operation.moment();
  const current = await readHead(context, located.cell, signal);
  if (current?.key !== head.key) {
    throw alreadyExists("undelete", `"${name}@${version.canonical}"`, "it was changed", {
      hint: "Try again.",
    });
  }
  operation.views.base = seenAt;
  const { leastGraceMs } = context.settings;
  const isKept = operation.replied && seenAt.store !== undefined &&
    seenAt.store + leastGraceMs * 3 / 4 <= keptUntil;
  return await createBase(context, located.found, source.files, {
    name,
    expectsEqual: true,
    copies: !isKept,
    signal,
  });
}

/** Asks for the store's time by a write to the payload folder of this save. */
async function touch(
  context: Context,
  operation: Operation,
  { name, version }: Subject,
): Promise<void> {
  const order = orderSegment(version, context.settings.versioned);
  const key = `${payloadFolder(name, { order, commit: operation.commit })}${ALIVE}`;
  operation.checkSend();
  try {
    const sent = await context.backend.put(key, new Uint8Array(), { signal: operation.signal });
    if (sent.written) operation.noteReply(sent.info);
  } catch (error) {
    operation.signal?.throwIfAborted();
    if (!isRegistryError(error)) throw error;
    context.logger.debug(`${operation.action}: copies its files: ${error.message}`); // time unknown
  }
}

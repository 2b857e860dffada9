// Notes and labels: a cell for each version and name that has some.
import { isDeepStrictEqual } from "node:util";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import { parseVersion, type Version } from "../../core/naming/versions.ts";
import type { NoteRecord } from "../../core/record.ts";
import type { Annotations } from "../../core/artifact.ts";
import { mergePatch } from "../../core/registry/annotations.ts";
import type { AnnotateOptions, AnnotationsChange } from "../../core/registry/annotations.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { writeCell } from "../cell/cell.ts";
import type { FoundRecord } from "../cell/heads.ts";
import { startOperation } from "../cell/operation.ts";
import { settle } from "../cell/settle.ts";
import { checkMetadata } from "../../core/calls/metadata.ts";
import { encodeRecord } from "../format/record_codec.ts";
import { annotationsIn, noteCellOf, noteIn, readAnnotations } from "./annotations.ts";
import { checkWritable, type Context, contextOf } from "./context.ts";
import { checkKnown } from "./listing.ts";
import { locate } from "./resolve.ts";
import { OF_ALL_KINDS } from "./undelete/kept_members.ts";

/** Implements `annotate` of `registry/tools/annotate.ts`. With `mayBeNew`, a name needs no version. */
export async function annotateHere(
  registry: Registry,
  ref: string,
  change: AnnotationsChange,
  { ifRevision, mayBeNew, signal }: AnnotateOptions & { mayBeNew?: boolean },
): Promise<Annotations> {
  const context = contextOf(registry, "annotate");
  const action = `annotate ${shown(ref)}`;
  checkWritable(context, action);
  const { name, version } = await subjectOf(context, ref, { mayBeNew, signal });
  const operation = startOperation(context, action, signal);
  let written: NoteRecord | undefined;
  let present: FoundRecord | undefined;
  await writeCell(context, operation, noteCellOf(context, name, version), {
    next(head) {
      present = head?.dead ? undefined : head?.found;
      const before = present && noteIn(present);
      const revision = head?.generation ?? 0;
      if (ifRevision !== undefined && ifRevision !== revision) {
        const state = `its revision is ${revision}, not ${ifRevision}`;
        const hint = "Read it again, and decide whether your change still applies.";
        throw fault({ code: "Conflict", action, state, hint, backend: context.backend.location });
      }
      const { notes, labels = {} } = before ?? {};
      const after = changed({ notes, labels }, change);
      checkMetadata(after, "notes and labels");
      const isSame = isDeepStrictEqual(after, { ...notes !== undefined && { notes }, labels });
      if (before !== undefined && isSame) return written = undefined;
      const of = { name, ...version && { version: version.canonical } };
      const base = operation.recordBase(revision + 1, head?.previous);
      const kept = before && unknownMembers(before);
      written = { ...kept, ...base, by: operation.by, kind: "note", ...of, ...after };
      return encodeRecord(written);
    },
  });
  if (written !== undefined) return annotationsIn(written);
  await settle(context, [present!.info.key], signal);
  return annotationsIn(noteIn(present!));
}

const MEMBERS: ReadonlySet<string> = new Set<keyof NoteRecord>(
  [...OF_ALL_KINDS, "name", "version", "notes", "labels"],
);

/** Returns the members of a record that a later release wrote: each record has the whole state. */
function unknownMembers(record: NoteRecord): Partial<NoteRecord> {
  return Object.fromEntries(Object.entries(record).filter(([member]) => !MEMBERS.has(member)));
}

function changed(
  before: Pick<NoteRecord, "notes" | "labels">,
  change: AnnotationsChange,
): Pick<NoteRecord, "notes" | "labels"> {
  const { notes, labels = {} } = mergePatch(before, change) as typeof before;
  if (!isJsonObject(labels) || notes !== undefined && typeof notes !== "string") {
    const state = "notes must be a string, and labels a plain object";
    const hint = 'Pass { notes: "…", labels: { stage: "checked" } }; null removes one.';
    throw fault({ code: "Invalid", action: "annotate", state, hint });
  }
  return { ...notes !== undefined && { notes }, labels };
}

async function subjectOf(
  context: Context,
  text: string,
  { mayBeNew, signal }: SignalOptions & { mayBeNew?: boolean },
): Promise<{ name: string; version?: Version }> {
  const ref = parseRef(text);
  const { name } = ref;
  if (!ref.bare) {
    return { name, version: parseVersion((await locate(context, ref, { signal })).record.version) };
  }
  if (!mayBeNew) await checkKnown(context, name, signal);
  return { name };
}

/** Returns the annotations of a ref, for a bare name those of the name. */
export async function annotationsHere(
  registry: Registry,
  ref: string,
  { signal }: SignalOptions,
): Promise<Annotations | undefined> {
  const context = contextOf(registry, "read annotations");
  const { name, version } = await subjectOf(context, ref, { signal });
  return await readAnnotations(context, { name, version }, signal);
}

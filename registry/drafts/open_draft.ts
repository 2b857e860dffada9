// Drafts: versions that many workers write together.
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { FilesToSave } from "../../core/materializer.ts";
import { checkDraft } from "../../core/options/verb_options.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import { wordedVerbs } from "../../core/options/words_of_verbs.ts";
import type { Draft, OpenDraftOptions } from "../../core/record/draft.ts";
import { fileInfo } from "../payload/read.ts";
import { checkWritable } from "../opening/context.ts";
import type { Context } from "../opening/context.ts";
import { addPart } from "./add_part.ts";
import { commitDraft } from "./commit_draft.ts";
import { isStale } from "./draft_age.ts";
import { draftKey, lookAtDraft, spoken } from "./look.ts";
import type { DraftLook, DraftName } from "./look.ts";
import { readDecided, readParts } from "./read_parts.ts";
import { decideEnd, stateOf } from "./state.ts";
import type { DecidedParts, DraftState } from "./state.ts";

/** {@linkcode Registry.openDraft}; asks nothing of the store. */
export function openDraft(context: Context, name: string, { id }: OpenDraftOptions): Draft {
  checkName(name);
  checkName(id, "the id of a draft");
  const draft = { name, id };
  checkName(draftKey(draft), "the key of a draft");
  const asked = (what: string) => checkWritable(context, `${what} ${spoken(draft)}`);

  const add: Draft["addPart"] = async (part, files, options = {}) => {
    checkName(part, "a part of a draft");
    asked("add to");
    if (typeof files !== "object" || files === null) throw noFiles(draft, part);
    return await addPart(context, draft, {
      ...options,
      part,
      produce: () => produced(context, files, options.signal),
    });
  };

  const fullState = async (
    look: DraftLook,
    signal?: AbortSignal,
  ): Promise<DraftState & { parts?: DecidedParts }> =>
    await stateOf(context, draft, { look, signal });

  const opened = checkDraft({
    name,
    id,
    addPart: add,
    add: (path, content, options) => add(path, [{ path, content }], options),

    async info({ signal } = {}) {
      const look = await lookAtDraft(context, draft, signal);
      const { parts: decided, ...state } = await fullState(look, signal);
      const parts = Array.from(
        look.parts,
        ([part, [{ info }]]) => ({ part, addedAt: new Date(info.modifiedAt) }),
      )
        .filter(({ part }) => decided === undefined || decided.has(part));
      if (state.state === "committed" || state.state === "discarded") return { ...state, parts };
      const now = context.system.now() + (context.clockOffset?.ms ?? 0);
      return { state: isStale(context, look, now) ? "abandoned" : state.state, parts };
    },

    async files({ signal } = {}) {
      const look = await lookAtDraft(context, draft, signal);
      const { parts: decided } = await fullState(look, signal);
      const parts = decided !== undefined && look.parts.size > 0
        ? await readDecided(context, draft, { parts: decided, signal })
        : await readParts(context, draft, { look, signal });
      return parts.flatMap(({ note: { part, files } }) =>
        files.map((file) => ({ ...fileInfo(file), part }))
      )
        .sort((a, b) => compareUtf8(a.path, b.path));
    },

    async commit(options = {}) {
      asked("commit");
      return await commitDraft(context, draft, options);
    },

    async discard({ signal } = {}) {
      asked("discard");
      const look = await lookAtDraft(context, draft, signal);
      if (look.parts.size === 0 || look.end !== undefined) return false;
      const end = await decideEnd(context, draft, { end: { state: "discarded" }, signal });
      return end.state === "discarded";
    },
  });
  return wordedVerbs(opened, {
    addPart: `add to ${spoken(draft)}`,
    add: `add to ${spoken(draft)}`,
    info: `look up ${spoken(draft)}`,
    files: `look up ${spoken(draft)}`,
    commit: `commit ${spoken(draft)}`,
    discard: `discard ${spoken(draft)}`,
  });
}

/** Files as they are given, or those of a value. */
function produced(
  { materializers }: Context,
  given: FilesToSave | object,
  signal?: AbortSignal,
): FilesToSave | Promise<FilesToSave> {
  const areFiles = Symbol.iterator in given || Symbol.asyncIterator in given ||
    given instanceof Promise;
  return areFiles ? given as FilesToSave : materializers.forValue(given).save(given, { signal });
}

function noFiles(draft: DraftName, part: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "add part",
    subject: `${shown(part)} to ${spoken(draft)}`,
    state: "it is neither a list of files nor a value",
    hint: "Give files, as [{ path, content }], or a value such as localPath(folder).",
  });
}

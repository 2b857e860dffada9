// Opening drafts.
import { MOST_PART_FILES } from "../../../core/calls/file_limit.ts";
import { areFiles, sortedByPath } from "../../../core/bytes/bytes.ts";
import { inTurns, nextTurn } from "../../../core/work/next_turn.ts";
import { fault, type RegistryError } from "../../../core/errors.ts";
import type { FilesToSave } from "../../../core/materializer.ts";
import { checkDraft } from "../../../core/calls/check_calls.ts";
import { checkName, checkNewName, shown } from "../../../core/naming/names.ts";
import { wordedVerbs } from "../../../core/calls/verb_errors.ts";
import { saveAgainIfChanged } from "../../../core/work/source_change.ts";
import type { Draft } from "../../../core/registry/draft.ts";
import { fileInfo } from "../../cache/read.ts";
import { checkWritable, type Context } from "../context.ts";
import { addPart } from "./add_part.ts";
import { commitDraft } from "./commit_draft.ts";
import { DraftCall, isStale, lookAtDraft } from "./draft_look.ts";
import { decideEnd } from "./draft_state.ts";
import { readDecided, readParts, stateOf } from "./draft_state.ts";

/** Opens a draft without a request to the store. */
export function openDraft(context: Context, name: string, { id }: { id: string }): Draft {
  checkNewName(name);
  checkName(id, "the id of a draft");
  const call = (signal?: AbortSignal) => new DraftCall(context, { name, id }, signal);
  const { idempotencyKey, spoken } = call();
  checkName(idempotencyKey, "the key of a draft");
  const checkMay = (what: string) => checkWritable(context, `${what} ${spoken}`);

  const add: Draft["addPart"] = async (part, files, { signal, ...options } = {}) => {
    checkName(part, "a part of a draft");
    checkMay("add to");
    if (typeof files !== "object" || files === null) throw noFiles(spoken, part);
    const addFiles = (content: FilesToSave) =>
      addPart(call(signal), { ...options, part, produce: () => content });
    if (areFiles(files)) return await addFiles(files as FilesToSave);
    const materializer = context.materializers.forValue(files);
    const save = () => addFiles(materializer.save(files, { signal, mostFiles: MOST_PART_FILES }));
    return await saveAgainIfChanged(materializer, save);
  };

  const opened = checkDraft({
    name,
    id,
    addPart: add,
    addFile: (path, content, options) => add(path, [{ path, content }], options),

    async info({ signal } = {}) {
      const draft = call(signal);
      const look = await lookAtDraft(draft);
      const found = await stateOf(draft, look);
      const { parts: decided } = found;
      const parts = Array.from(
        look.parts,
        ([part, [{ info }]]) => ({ part, addedAt: new Date(info.modifiedAt) }),
      ).filter(({ part }) => decided === undefined || decided.has(part));
      if (found.state === "committed") return { state: found.state, version: found.version, parts };
      if (found.state === "discarded") return { state: found.state, parts };
      const now = context.system.now() + (context.clockOffset?.ms ?? 0);
      return { state: isStale(draft, look, now) ? "abandoned" : found.state, parts };
    },

    async files({ signal } = {}) {
      const draft = call(signal);
      const look = await lookAtDraft(draft);
      const { parts: decided } = await stateOf(draft, look);
      const parts = decided !== undefined && look.parts.size > 0
        ? await readDecided(draft, decided)
        : await readParts(draft, look);
      const draftFiles: Awaited<ReturnType<Draft["files"]>> = [];
      for (const { note: { part, files } } of parts) {
        for await (const file of inTurns(files)) draftFiles.push({ ...fileInfo(file), part });
      }
      const sorted = sortedByPath(draftFiles);
      await nextTurn(); // what is done with them takes as long
      return sorted;
    },

    async commit(options = {}) {
      checkMay("commit");
      return await commitDraft(call(options.signal), options);
    },

    async discard({ signal } = {}) {
      checkMay("discard");
      const draft = call(signal);
      const look = await lookAtDraft(draft);
      if (look.parts.size === 0 || look.end !== undefined) return false;
      return (await decideEnd(draft, { state: "discarded" })).state === "discarded";
    },
  });
  return wordedVerbs(opened, {
    addPart: `add to ${spoken}`,
    addFile: `add to ${spoken}`,
    info: `look up ${spoken}`,
    files: `look up ${spoken}`,
    commit: `commit ${spoken}`,
    discard: `discard ${spoken}`,
  });
}

function noFiles(spoken: string, part: string): RegistryError {
  const subject = `${shown(part)} to ${spoken}`;
  const state = "neither a list of files nor a value";
  const hint = "Pass files as [{ path, content }], or a value such as localPath(folder).";
  return fault({ code: "Invalid", action: "add part", subject, state, hint });
}

// Methods that change versions: saves, deletions, copies and drafts.
import type { Registry } from "../../../core/registry.ts";
import type { ChangingRows } from "../../../core/registry/operations/changing.ts";
import type { OwnMethods } from "../../contract/derived.ts";
import type { Context } from "../context.ts";
import { copyVersion } from "../copy.ts";
import { deleteRef } from "../delete.ts";
import type { Suggest } from "../look/suggesting.ts";
import { saveMethod } from "../save.ts";

export function changingMethods(
  context: Context,
  suggest: Suggest,
): Pick<Registry, "save"> & OwnMethods<ChangingRows> {
  return {
    save: saveMethod(context, suggest),
    delete: (ref, options) => deleteRef(context, ref, options),
    async undelete(ref, options) {
      const { undeleteRef } = await import("../undelete/undelete.ts"); // rarely used
      return await undeleteRef(context, ref, options);
    },
    copy: (ref, to, options) =>
      suggest(copyVersion(context, ref, to, options), ref, { signal: options?.signal }),
    async openDraft(name, options) {
      const { openDraft } = await import("../drafts/open_draft.ts"); // rarely used
      return openDraft(context, name, options);
    },
  };
}

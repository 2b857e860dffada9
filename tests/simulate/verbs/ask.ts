// Questions about the past.
import type { VersionRecord } from "../../../core/record/record.ts";
import type { VerbParts } from "../actor.ts";

export interface AskVerbs {
  ask(name: string, ref: string, asOf: Date): Promise<void>;
}

export function createAskVerbs({ call, registry, labels }: VerbParts): AskVerbs {
  return {
    async ask(name, ref, asOf) {
      await call({ verb: "ask", name, ref, asOf }, async () => {
        const info = await registry.info(ref === "latest" ? name : `${name}@${ref}`, { asOf });
        const label = labels.of({ files: info.files } as unknown as VersionRecord);
        return { ok: true, read: { label, commit: info.commit, version: info.version } };
      });
    },
  };
}

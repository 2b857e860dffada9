// Questions about the past.
import type { VersionRecord } from "../../../core/record/record.ts";
import type { VerbParts } from "../actor.ts";

/** Verbs of an actor that ask about the past. */
export interface AskVerbs {
  /** Asks what a ref meant at a moment, by the clock of the world. */
  ask(name: string, ref: string, asOf: Date): Promise<void>;
}

/** Creates them. */
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

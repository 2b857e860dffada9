// A process that adds parts to drafts, commits and discards them: `draft_attacker.ts PLACE`.
import type { FileToSave } from "../../../../materializers/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { type Attack, openAttackedStore } from "./attacked_store.ts";
import { attempt, playRounds } from "./play_rounds.ts";

export interface DraftAttack extends Attack {
  /** Commits take all parts, name some, or drafts may be discarded. */
  way: "all" | "named" | "discarded";
}

const PARTS = ["0", "1", "2"];

function filesOf(part: string, label: string): FileToSave[] {
  const text = new TextEncoder().encode(label);
  const large = new Uint8Array(70_000);
  large.set(text);
  return [{ path: `${part}/small`, content: text }, { path: `${part}/large`, content: large }];
}

if (import.meta.main) {
  const store = await openAttackedStore(JSON.parse(Deno.args[0]));
  const registry = await openRegistry(store.backend, { cache: false, retryForMs: 2000 });
  await playRounds<DraftAttack>(async (attack, report) => {
    const random = store.begin(attack);
    const draft = await registry.openDraft("a", { id: `r${attack.round}` });
    let isDiscarded = false;
    for (let n = 0; n < 4; n++) {
      const part = random.pick(PARTS);
      const parts = attack.way === "named" ? PARTS.slice(0, 1 + random.int(3)) : undefined;
      const action = random.weighted([[5, "add"], [2, "commit"], [
        attack.way === "discarded" ? 1 : 0,
        "discard",
      ]]);
      if (action === "add") {
        const event = { event: "added", part, isDiscarded };
        await attempt(
          report,
          event,
          () => draft.addPart(part, filesOf(part, `${attack.seed} ${n}`)),
        );
      } else if (action === "commit") {
        await attempt(report, { event: "committed", parts }, () => draft.commit({ parts }));
      } else if (await attempt(report, { event: "discarded" }, () => draft.discard())) {
        isDiscarded = true;
      }
    }
  });
}

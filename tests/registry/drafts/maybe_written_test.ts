// What adding to a draft, or discarding it, says when the store stops answering in the middle.
import { assertEquals } from "@std/assert";
import { isRegistryError } from "../../../core/errors.ts";
import type { Draft } from "../../../mod.ts";
import { createProtocolWorld } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { busy, hiddenRetry, lostReply, pass } from "../scripted_backend.ts";
import type { Answer } from "../scripted_backend.ts";

const OPERATIONS: Record<string, (draft: Draft) => Promise<unknown>> = {
  "adding a part": (draft) => draft.addPart("b", [{ path: "b", content: noise(200_000, 1) }]),
  "adding a small part": (draft) => draft.addPart("b", [{ path: "b", content: noise(20, 1) }]),
  "discarding a draft": (draft) => draft.discard(),
};

/** How the last put that the store takes is answered. */
const LAST: Record<string, Answer> = {
  "as usual": pass,
  "with a lost reply": lostReply,
  "when it came twice": hiddenRetry,
};

for (const [operation, run] of Object.entries(OPERATIONS)) {
  for (const [how, last] of Object.entries(LAST)) {
    Deno.test(`${operation} says whether it may have happened when the store answers ${how}, and then no more`, async () => {
      let failures = 0;
      for (let answered = 0;; answered++) {
        const { registry, backend, open } = await createProtocolWorld();
        const draft = await registry.openDraft("a", { id: "1" });
        await draft.addPart("a", [{ path: "a", content: noise(20, 2) }]);
        let calls = 0;
        backend.answerAll({}, (act, call) => {
          const answer = calls++ < answered
            ? call.verb === "put" && calls === answered ? last : pass
            : busy;
          return answer(act, call);
        });
        const error = await run(draft).then(() => undefined, (error) => error);
        if (error === undefined) break;
        failures++;
        if (!isRegistryError(error, "Unavailable", "Unknown")) throw error;
        const other = await (await open()).registry.openDraft("a", { id: "1" });
        const { state, parts } = await other.info();
        const happened = state === "discarded" || parts.length === 2;
        assertEquals(
          error.maybeWritten ?? false,
          happened,
          `after ${answered} answers: ${error.message}`,
        );
      }
      assertEquals(failures > 1, true);
    });
  }
}

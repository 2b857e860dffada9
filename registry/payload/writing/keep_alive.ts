// Letting the janitor know that an upload is under way.
import type { ObjectInfo } from "../../../core/backend.ts";
import type { Operation } from "../../cell/operation.ts";

/**
 * Lets the janitor know, now and then, that an upload is under way: call it often, it mostly does nothing. `send`
 * writes the mark into the payload folder.
 */
export function createKeepAlive(
  operation: Pick<Operation, "moment" | "ageMs" | "renew">,
  graceMs: number,
  send: () => Promise<ObjectInfo | undefined>,
): () => Promise<void> {
  let aliveAt = operation.moment();
  return async () => {
    if (operation.ageMs(aliveAt) < graceMs / 16) return;
    const sentAt = aliveAt = operation.moment();
    const info = await send();
    if (info !== undefined) operation.renew(info, sentAt);
    aliveAt = operation.moment();
  };
}

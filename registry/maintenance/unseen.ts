// What verification does not look at.
import { isPrefix } from "../../core/backend.ts";
import type { Context } from "../opening/context.ts";
import { AUXILIARY, LINEAGE, NAMES, OBJECTS, parsePayloadKey, SETTINGS } from "../layout.ts";
import { listReadable } from "./readable.ts";
import type { VerifyUnseen } from "./verify_report.ts";

export async function countStrangers(
  context: Context,
  prefix: string,
  unseen: VerifyUnseen,
  signal?: AbortSignal,
): Promise<void> {
  for await (
    const { key } of listReadable(context, prefix, {
      signal,
      onFailure: () => void unseen.strangers++,
    })
  ) {
    if (parsePayloadKey(key) === undefined) unseen.strangers++;
  }
}

/** Counts what lies beside records and payload. */
export async function countAside(
  context: Context,
  unseen: VerifyUnseen,
  signal?: AbortSignal,
): Promise<void> {
  for await (const top of context.backend.list("", { delimiter: "/", signal })) {
    if (!isPrefix(top)) unseen.strangers++;
    else if (![SETTINGS, NAMES, OBJECTS, LINEAGE].includes(top.prefix)) {
      const kind = AUXILIARY.includes(top.prefix) ? "auxiliary" : "strangers";
      const onFailure = () => void unseen.strangers++;
      for await (const _ of listReadable(context, top.prefix, { signal, onFailure })) {
        unseen[kind]++;
      }
    }
  }
}

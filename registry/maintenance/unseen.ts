/**
 * What verification does not look at.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import type { Context } from "../context.ts";
import { AUXILIARY, NAMES, OBJECTS, parsePayloadKey, SETTINGS } from "../layout.ts";
import type { VerifyUnseen } from "./verify_report.ts";

/** Counts what lies among payload and is none. */
export async function countStrangers(
  { backend }: Context,
  prefix: string,
  unseen: VerifyUnseen,
  signal?: AbortSignal,
): Promise<void> {
  for await (const entry of backend.list(prefix, { signal })) {
    if (!isPrefix(entry) && parsePayloadKey(entry.key) === undefined) unseen.strangers++;
  }
}

/** Counts what lies beside records and payload. */
export async function countAside({ backend }: Context, unseen: VerifyUnseen, signal?: AbortSignal): Promise<void> {
  for await (const top of backend.list("", { delimiter: "/", signal })) {
    if (!isPrefix(top)) unseen.strangers++;
    else if (![SETTINGS, NAMES, OBJECTS].includes(top.prefix)) {
      const kind = AUXILIARY.includes(top.prefix) ? "auxiliary" : "strangers";
      for await (const _ of backend.list(top.prefix, { signal })) unseen[kind]++;
    }
  }
}

// Asking for a part of a stored object. A record that says more than the store has is damaged: that
// is found before anything is read into memory.
import type { Backend, StoredObject } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import type { Part } from "../../core/record/record.ts";

export interface PartSpan {
  /** The first. @default 0 */
  offset?: number;
  /** How many. @default all that follow */
  length?: number;
  signal?: AbortSignal;
}

/** The object that holds a part, with the bytes of it that are asked for; undefined where it is not there. */
export async function getPart(
  backend: Backend,
  key: string,
  part: Pick<Part, "offset" | "size">,
  { offset: from = 0, length = part.size - from, signal }: PartSpan = {},
): Promise<StoredObject | undefined> {
  const { offset = 0, size } = part;
  const whole = part.offset === undefined && from === 0 && length === size;
  const range = whole ? {} : { range: { offset: offset + from, length } };
  const object = await backend.get(key, { ...range, signal });
  if (object === undefined) return undefined;
  const stored = object.info.size;
  if (whole ? stored === size : stored >= offset + size) return object;
  await object.body.cancel().catch(() => {}); // nothing of it was wanted
  if (stored >= offset + size) return await getPart(backend, key, { offset, size }, { signal }); // more is stored there
  throw fault({
    code: "Corrupt",
    action: "read",
    subject: `"${key}"`,
    state: `it has ${stored} bytes, a record says that there are ${offset + size}`,
    hint:
      "The stored bytes changed. Restore them from a copy, or save the value again with base: null, which shares nothing with it.",
    key,
    backend: backend.location,
  });
}

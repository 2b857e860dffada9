// Objects that the OpenAPI document has under a name.
import * as v from "npm:valibot@^1.5";

export function object<E extends v.ObjectEntries>(ref: string, entries: E) {
  return v.pipe(v.object(entries), v.metadata({ ref }));
}

export function strictObject<E extends v.ObjectEntries>(ref: string, entries: E) {
  return v.pipe(v.strictObject(entries), v.metadata({ ref }));
}

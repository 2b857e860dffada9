import { defineMaterializer } from "../../../mod.ts";

let stamps = 0;

/** A value whose files differ in each save. */
export interface Stamped {
  stamped: Uint8Array;
  /** Fails after the last file. */
  fails?: boolean;
}

export const stamped = defineMaterializer<Stamped>({
  id: "test/stamped",
  reopen: { module: import.meta.url, name: "stamped" },
  accepts: (value) => typeof value === "object" && value !== null && "stamped" in value,
  async *save({ stamped, fails }) {
    yield { path: "stamp", content: new Uint8Array(16).fill(++stamps) };
    yield { path: "data", content: await Promise.resolve(stamped) };
    if (fails) throw new Error("failed on purpose");
  },
  load: async (artifact) => ({ stamped: await artifact.file("data").bytes() }),
});

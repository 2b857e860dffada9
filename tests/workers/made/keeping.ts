import { defineMaterializer } from "../../../mod.ts";

const table = new Uint8Array(1000).fill(7);

/** Loads each value with the same table. */
export const keeping = defineMaterializer<{ bytes: Uint8Array; table: Uint8Array }, Uint8Array>({
  id: "test/keeping",
  reopen: { module: import.meta.url, name: "keeping" },
  accepts: () => false,
  save: (bytes) => [{ path: "x", content: bytes }],
  load: async (artifact) => ({ bytes: await artifact.file("x").bytes(), table }),
});

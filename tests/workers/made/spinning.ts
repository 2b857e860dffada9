import { defineMaterializer } from "../../../mod.ts";

/** Never ends, and lets nothing else run on its thread. */
export const spin = defineMaterializer<never>({
  id: "test/spinning",
  save: () => [],
  load() {
    for (;;);
  },
});

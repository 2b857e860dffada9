import { defineMaterializer } from "../../../mod.ts";
import { spin } from "../../support/spin.ts";

/** Lets nothing else run on its thread. */
export const spinning = defineMaterializer<never>({
  id: "test/spinning",
  save: () => [],
  load() {
    spin();
    throw new Error("it was ended long ago");
  },
});

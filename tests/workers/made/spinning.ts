import { defineMaterializer } from "../../../mod.ts";
import { spin } from "../../support/spin.ts";

/** Blocks its thread. */
export const spinning = defineMaterializer<never>({
  id: "test/spinning",
  save: () => [],
  load() {
    spin();
    throw new Error("unreachable");
  },
});

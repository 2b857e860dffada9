// Reasons of errors of mirrors: `hints.ts` has their hints.
import { defineReasons } from "../../../core/kernel.ts";

export const mirrorReasons = defineReasons({
  mirror_target_taken: [],
  mirror_target_protected: ["location", "pattern"],
  mirror_target_differs: [],
  mirror_member_missing: ["name"],
  mirror_unversioned: [],
});

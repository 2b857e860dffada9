// Reasons of errors that verification finds: `hint_words.ts` has their hints.
import { defineReasons } from "../../core/kernel.ts";

export const verificationReasons = defineReasons({ alias_damaged: ["name", "alias"] });

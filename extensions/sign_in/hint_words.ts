// Hints of the command line that sign-in brings, by reason.
import { defineReasons, shellWord } from "../../core/kernel.ts";

export const CLI_HINTS = defineReasons({}).hints({
  token_missing:
    "Sign in with holdfast login URL, or pass a token of the service: --token-file FILE, " +
    "or HOLDFAST_TOKEN.",
  scope_missing: ({ scope }) =>
    `Ask the service's operator for the scope ${scope}, in a token (holdfast token create ` +
    `--scope ${shellWord(scope)}) or in the rules of sign-in (--oidc)`,
});

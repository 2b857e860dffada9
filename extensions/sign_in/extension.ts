// Sign-in with identity providers: its commands, its tokens for services, and services that accept
// tokens of providers.
import { loadPart } from "../../core/kernel.ts";
import { defineServing, type TokenCheck } from "../../apps/cli/program/extension.ts";
import type { Extension } from "../../apps/cli/program/extension.ts";
import { whereSignedIn } from "./login/login_file.ts";
import type { OidcCheckOptions, OidcSettings } from "./oidc/settings.ts";
import { CLI_HINTS } from "./hint_words.ts";

interface OidcPart {
  createOidcCheck(settings: OidcSettings, options?: OidcCheckOptions): TokenCheck;
}

const tokens: Extension["tokens"] = {
  async tokenOf(location, context) {
    const { io: { system, signal } } = context;
    const { renewedToken } = await import("./login/renewed_token.ts");
    const signedIn = renewedToken(location, { system, signal });
    if (signedIn !== undefined) return signedIn;
    const { jobToken } = await import("./login/job_token.ts");
    return await jobToken(location, context);
  },
  find: whereSignedIn,
};

export const signInExtension: Extension = {
  name: "sign-in",
  hints: CLI_HINTS,
  suggestions: {
    reading: ["whoami"],
    commands: [
      ["login [location]", "auth, auth login, signin"],
      ["logout [location]", "auth logout, signout"],
      ["whoami", "auth status, auth whoami"],
    ],
  },
  commands: [{
    group: "services",
    load: {
      login: async () => (await import("./commands.ts")).login,
      logout: async () => (await import("./commands.ts")).logout,
      whoami: async () => (await import("./commands.ts")).whoami,
    },
  }],
  serving: defineServing({
    options: [{
      flags: "--oidc <file>",
      text: "accept tokens of identity providers, by the rules in this JSON file",
      completes: "file",
    }],
    async tokens({ oidc }, { io, logger, tokens }) {
      if (oidc === undefined) return undefined;
      const { readSettings } = await import("./oidc/read_settings.ts");
      const settings = await readSettings(oidc, io.cwd);
      const { createOidcCheck } = await loadPart<OidcPart>("./oidc.ts", import.meta.url);
      return createOidcCheck(settings, { tokens, system: io.system, logger });
    },
  }),
  tokens,
};

// The option --keyless of `sign`: a token of a provider or of a CI job proves who signs.
import {
  askJobToken,
  type CommandContext,
  type FlagsOf,
  invalid,
  jobTokenSource,
  lookUp,
  type OptionDefinition,
  withHints,
} from "../../../apps/cli/extending.ts";
import { signKeyless } from "./sign_version.ts";
import { textOf, variableOf } from "../signers/key_files.ts";
import { AUDIENCE } from "./identity_token.ts";

export const SIGNING_OPTIONS = [
  { flags: "--keyless", text: "sign as yourself or as this CI job, without a key (Sigstore)" },
  {
    flags: "--identity-token <file>",
    text: "with --keyless: an identity token (default: that of the CI job)",
    completes: "file",
  },
  { flags: "--identity-token-env <variable>", text: "an environment variable with that token" },
  {
    flags: "--fulcio <url>",
    text: "with --keyless: the certificate authority (default: https://fulcio.sigstore.dev)",
  },
  {
    flags: "--rekor <url>",
    text: "with --keyless: the transparency log (default: https://rekor.sigstore.dev)",
  },
  {
    flags: "--timestamp-authority <url>",
    text: "with --keyless: also get a timestamp of this authority (RFC 3161)",
  },
  {
    flags: "--trusted-root <file>",
    text: "with --keyless: verify the signature with this file before adding it",
    completes: "file",
  },
] as const satisfies readonly OptionDefinition[];

type SigningFlags = FlagsOf<typeof SIGNING_OPTIONS>;

/** Signs a version without a key. */
export async function signByIdentity(
  ref: string,
  flags: SigningFlags,
  context: CommandContext,
): Promise<void> {
  const { fulcio, rekor, timestampAuthority, trustedRoot } = flags;
  const { io: { system, signal } } = context;
  const root = trustedRoot === undefined
    ? undefined
    : await textOf(trustedRoot, "trusted root", context);
  const registry = await context.open({ write: true });
  await withHints(registry.info(ref, { signal }), lookUp(ref)); // before a token is asked for
  const token = await tokenOf(ref, flags, context);
  const added = await signKeyless(registry, ref, {
    token,
    fulcio,
    rekor,
    timestampAuthority,
    trustedRoot: root,
    system,
    signal,
  });
  const { name, version, identity, id } = added;
  await context.done(added, `Signed ${name}@${version} as ${identity} (key ${id})`);
}

const HINT =
  "Pass --identity-token. In CI, allow the job to get a token: see docs/signing_identities.md.";

async function tokenOf(
  ref: string,
  { identityToken, identityTokenEnv }: SigningFlags,
  context: CommandContext,
): Promise<string> {
  const { io: { system, signal } } = context;
  if (identityToken !== undefined && identityTokenEnv !== undefined) {
    throw invalid(`sign ${ref}`, "two identity tokens are given", "Pass one of them.");
  }
  if (identityToken !== undefined) {
    return (await textOf(identityToken, "identity token", context)).trim();
  }
  if (identityTokenEnv !== undefined) {
    return variableOf(identityTokenEnv, "--identity-token-env", context).trim();
  }
  const ofGitLab = system.env("SIGSTORE_ID_TOKEN"), source = jobTokenSource(system);
  if (ofGitLab) return ofGitLab.trim();
  if (source !== undefined) {
    const hint = "Check `permissions: { id-token: write }` of the job, or pass --identity-token.";
    return await askJobToken(source, { audience: AUDIENCE, hint, signal });
  }
  throw invalid(`sign ${ref}`, "there is no identity token", HINT);
}

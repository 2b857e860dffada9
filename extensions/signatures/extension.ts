import { defineAdding, type Extension } from "../../apps/cli/program/extension.ts";
import type { CommandContext, OptionDefinition } from "../../apps/cli/extending.ts";
import type { Registry } from "../../mod.ts";
import { comparisonsIn } from "./comparisons.ts";
import "./conditions.ts";
import { addedBundles } from "./signature_files.ts";

const SIGNERS = [{
  flags: "--require-signature <file>",
  text: "refuse a version that this public key or certificate (PEM) has not signed",
  completes: "file",
  repeat: true,
}, {
  flags: "--issuer <url>",
  text: "signers are identities that this issuer vouches for, such as alice@acme.com",
}, {
  flags: "--trusted-root <file>",
  text: "with --issuer: the trusted_root.json of Sigstore",
  completes: "file",
}] as const satisfies readonly OptionDefinition[];

interface SignerFlags {
  requireSignature?: string[];
  signedBy?: string[];
  issuer?: string;
  trustedRoot?: string;
}

const KEYGEN = "sign <ref> --key key.pem, after " +
  "openssl ecparam -name prime256v1 -genkey -noout -out key.pem";

export const signaturesExtension: Extension = {
  name: "signatures",
  words: [
    [
      /^(approve|signoff|sign-off|accept|review)\b/i,
      "promote <ref> <alias>. holdfast promotions lists requests",
    ],
    [/^reject\b/i, "promote <ref> <alias> --withdraw"],
    [/^(sbom|bom|aibom|cyclonedx|spdx|syft|generate-sbom)\b/i, "export bom <ref>"],
    [/^(attest|notarize|cosign sign|gpg|model_signing sign)\b/i, "sign <ref> --key <file>"],
    [
      /^(verify-signatures?|check-signatures?|cosign verify|model_signing verify|attestations?)\b/i,
      "signatures <ref> --signed-by <file>",
    ],
    [/^(keygen|genkey|generate-key|generate-key-pair|key generate)\b/i, KEYGEN],
  ],
  commands: [{
    group: "share",
    load: {
      sign: async () => (await import("./commands.ts")).sign,
      signatures: async () => (await import("./commands.ts")).signatures,
      "export bom": async () => (await import("./bom/command.ts")).exportBom,
      promote: async () => (await import("./promote.ts")).promote,
      promotions: async () => (await import("./asked/command.ts")).promotions,
    },
  }],
  adding: [
    defineAdding({ to: ["download", "load", "cat"], options: SIGNERS, through: signedBySigners }),
    defineAdding({
      to: ["verify"],
      options: [...SIGNERS, {
        flags: "--signed-by <file>",
        text: "the same as --require-signature",
        completes: "file",
        repeat: true,
      }],
      through: signedBySigners,
    }),
    defineAdding({
      to: ["download"],
      options: [
        { flags: "--signatures", text: "also write the signatures, as model.sig or FILE.sig" },
      ],
      async after(downloaded, { signatures }, context) {
        if (!signatures) return {};
        return await (await import("./files/downloading.ts")).writeSignatures(downloaded, context);
      },
    }),
    defineAdding({
      to: ["save", "import files"],
      options: [
        {
          flags: "--signatures",
          text: "keep model.sig in the folder, or FILE.sig, as signatures of the version",
        },
      ],
      async before(source, { signatures }, context) {
        if (!signatures) return undefined;
        return await (await import("./saving.ts")).keepSignatures(source, context);
      },
      among({ signatures }, context) {
        if (!signatures) return undefined;
        return async (folder) => (await import("./saving.ts")).keepAmong(folder, context);
      },
    }),
    defineAdding({
      to: ["rules set"],
      options: [
        {
          flags: "--require-signature <file>",
          text:
            "move aliases only to versions that this public key or certificate (PEM) has signed",
          completes: "file",
          repeat: true,
        },
        {
          flags: "--promote-if <condition>",
          text: "move aliases only to versions that match: 'metrics.auc > 0.9'",
        },
        {
          flags: "--require-review <label[=author]>",
          text:
            "move aliases only to versions with this label, set by another author, or by this one",
        },
      ],
      async conditions({ requireSignature, promoteIf, requireReview }, context) {
        const { readKeys } = await import("./signers/key_files.ts");
        if (promoteIf !== undefined) comparisonsIn(promoteIf); // its errors have hints, those of a rule none
        return {
          ...requireSignature && { signedBy: await readKeys(requireSignature, context) },
          ...promoteIf !== undefined && { where: promoteIf },
          ...requireReview !== undefined && { review: reviewOf(requireReview) },
        };
      },
    }),
  ],
  adds: addedBundles,
};

function reviewOf(text: string): string | { label: string; by: string } {
  const at = text.indexOf("=");
  return at < 0 ? text : { label: text.slice(0, at), by: text.slice(at + 1) };
}

async function signedBySigners(
  registry: Registry,
  { requireSignature = [], signedBy: also = [], issuer, trustedRoot }: SignerFlags,
  context: CommandContext,
): Promise<Registry> {
  const signedBy = [...requireSignature, ...also];
  if (signedBy.length === 0 && issuer === undefined && trustedRoot === undefined) return registry;
  const { readSigners } = await import("./signers/key_files.ts");
  const { signedRegistry } = await import("./signed_registry.ts");
  const signers = await readSigners({ signedBy, issuer, trustedRoot }, context);
  return signedRegistry(registry, { signedBy: signers });
}

// Signatures without keys: by a certificate of ten minutes for an identity (Fulcio), which a log has
// at that time (Rekor).
import { toSignedEntity, toTrustMaterial, Verifier } from "npm:@sigstore/verify@^3.1";
import { invalid, messageOf } from "../../../../core/kernel.ts";
import { claimedIn, plain } from "../certificates/pem.ts";
import "../certificates/sigstore_core.ts"; // verification runs on Deno
import type { KeylessSigner, Signed, Trusted, Verdict } from "../signer.ts";
import { readSigstoreBundle } from "./bundle.ts";
import { readTrustedRoot } from "./trusted_root.ts";

/** Returns signers with an identity. Authorities and logs are those of the trusted root alone. */
export function trustedIdentity({ identity, issuer, trustedRoot }: KeylessSigner): Trusted {
  const verifier = verifierOf(trustedRoot);
  const judge = (signed: Signed): Verdict | undefined => {
    const claimed = signed.certificates[0] && claimedIn(signed.certificates[0]);
    // An identity that is not claimed is that of another signer, whatever else is wrong.
    if (!claimed?.facts.names?.split(", ").some((name) => name.endsWith(`:${identity}`))) return;
    try {
      const bundle = readSigstoreBundle(signed.bundle());
      const { identity: found } = verifier.verify(toSignedEntity(bundle));
      if (found?.subjectAlternativeName !== identity) return undefined;
      if (found.extensions?.issuer !== issuer) {
        return {
          problem: `its identity is of the issuer ${plain(found.extensions?.issuer ?? "")}`,
        };
      }
      const [entry] = bundle.verificationMaterial.tlogEntries;
      // Only a promise of the log proves the time of an entry.
      if (entry?.inclusionPromise === undefined) return {};
      return { signedAt: new Date(Number(entry.integratedTime) * 1000) };
    } catch (error) {
      return { problem: `Sigstore refuses it: ${plain(messageOf(error))}` };
    }
  };
  return { hash: identity, title: `${identity} of ${issuer}`, judge };
}

/** Returns a function for the problem of a bundle, undefined if the root verifies it. */
export function readVerifier(trustedRoot: string): (bundle: string) => string | undefined {
  const verifier = verifierOf(trustedRoot);
  return (bundle) => {
    try {
      verifier.verify(toSignedEntity(readSigstoreBundle(bundle)));
    } catch (error) {
      return plain(messageOf(error));
    }
  };
}

/** Each signature needs a timestamp of the certificate, of the log, and of the time. */
function verifierOf(trustedRoot: string): Verifier {
  const root = readTrustedRoot(trustedRoot);
  try {
    return new Verifier(toTrustMaterial(root));
  } catch (error) {
    throw invalid("check signatures", undefined, `the trusted root is damaged`, {
      hint: "Pass the trusted_root.json of Sigstore.",
      cause: error,
    });
  }
}

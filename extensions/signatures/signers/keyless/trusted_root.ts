// Trusted roots of Sigstore: the authorities and logs that a verifier trusts, as JSON.
import { TrustedRoot } from "npm:@sigstore/protobuf-specs@^0.5.1";
import { invalid, isJsonObject, parseJson } from "../../../../core/kernel.ts";

const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(\+json;version=|\.v)0\.[12]/;

export function readTrustedRoot(text: string): TrustedRoot {
  try {
    const value = parseJson(text);
    if (isJsonObject(value) && MEDIA_TYPE.test(String(value.mediaType))) {
      const root = TrustedRoot.fromJSON(value);
      if (root.certificateAuthorities.length > 0) return root;
    }
  } catch { /* as below */ }
  throw invalid("check signatures", undefined, "the trusted root cannot be read", {
    hint: "Pass the trusted_root.json of Sigstore: `cosign trusted-root create` writes one.",
  });
}

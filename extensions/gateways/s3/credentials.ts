// The token of a signed request, or the proof of one.
import type { TokenProof } from "../../../apps/gateways.ts";
import { secretOf } from "./derived_secret.ts";
import { s3Error } from "./s3_error.ts";
import { readSignature, type Signature } from "./sigv4.ts";

/**
 * Returns what the sender of a request has, null without a signature: a token, if it is the session
 * token and the secret, or a proof of one by its derived secret.
 *
 * @param key the key of derived secrets. @default none is accepted
 */
export function credentialsOf(
  request: Request,
  { nowMs, key }: { nowMs: number; key?: string },
): string | null | TokenProof {
  const signature = readSignature(request, nowMs);
  if (signature === undefined) return null;
  const { sessionToken, isPresigned } = signature;
  if (sessionToken === undefined) return proofOf(signature, key);
  if (isPresigned) {
    throw s3Error(400, "InvalidToken", {
      action: "use a presigned URL",
      state: "it contains the token, so everybody who sees it could use the token",
      hint:
        "Rotate the token, and sign with the secret that the operator of the service gives you.",
    });
  }
  if (!signature.isBy(sessionToken)) throw mismatch();
  return `Bearer ${sessionToken}`;
}

function proofOf(signature: Signature, key: string | undefined): TokenProof {
  const { accessKeyId: token, isBy } = signature;
  if (key === undefined) {
    throw unknownKey("it has no session token", "Pass a token as secret key and as session token.");
  }
  let isKnown = false;
  return {
    token,
    isOf(sha256) {
      isKnown = true;
      return isBy(secretOf(key, { id: token, sha256 }));
    },
    get refusal() {
      if (isKnown) return mismatch();
      return unknownKey(
        "the access key is unknown",
        "Ask the operator for the S3 secret of a token.",
      );
    },
  };
}

function unknownKey(state: string, hint: string) {
  return s3Error(403, "InvalidAccessKeyId", { action: "verify the signature", state, hint });
}

function mismatch() {
  return s3Error(403, "SignatureDoesNotMatch", {
    action: "verify the signature",
    state: "it is not the one of this request and secret",
    hint: "Check the secret key. A proxy must pass the Host and the path as they were sent.",
  });
}

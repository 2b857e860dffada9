// The token of a signed request.
import { s3Error } from "./errors.ts";
import { readSignature } from "./sigv4.ts";

/**
 * Returns the token of a request as a header `Authorization`, null without one. The token is the
 * session token, and the secret of the signature.
 */
export function credentialsOf(request: Request, nowMs: number): string | null {
  const signature = readSignature(request, nowMs);
  if (signature === undefined) return null;
  const { sessionToken, isPresigned } = signature;
  if (sessionToken === undefined) {
    throw s3Error(403, "InvalidAccessKeyId", {
      action: "verify the signature",
      state: "it has no session token",
      hint: "Pass a token of this service as secret key and as session token.",
    });
  }
  if (isPresigned) {
    throw s3Error(400, "InvalidToken", {
      action: "use a presigned URL",
      state: "it contains the token, so everybody who sees it could use the token",
      hint: "Share the file by other means, and rotate the token.",
    });
  }
  if (!signature.isBy(sessionToken)) throw mismatch();
  return `Bearer ${sessionToken}`;
}

function mismatch() {
  return s3Error(403, "SignatureDoesNotMatch", {
    action: "verify the signature",
    state: "it is not the one of this request and secret",
    hint: "Check the secret key. A proxy must pass the Host and the path as they were sent.",
  });
}

// Checks that a signed URL has a valid signature, has not expired, and is for this request.
// https://cloud.google.com/storage/docs/access-control/signed-urls
import { createHash, createVerify } from "node:crypto";
import type { SeenRequest } from "./faults.ts";
import { GcsFailure } from "./gcs_failure.ts";

/** Keys that may sign: PEM public keys by the e-mail address of the account. */
export type Signers = Readonly<Record<string, string>>;

/** Throws 403 unless the V4 signature holds. */
export function checkSignature(
  request: SeenRequest,
  rawQuery: string,
  signers: Signers,
  nowMs: number,
): void {
  const { query, headers, method, path } = request;
  const refuse = (why: string) => new GcsFailure(403, "SignatureDoesNotMatch", why);
  const part = (name: string) => {
    const value = query.get(`X-Goog-${name}`);
    if (value === undefined) throw refuse(`X-Goog-${name} is missing`);
    return value;
  };
  if (part("Algorithm") !== "GOOG4-RSA-SHA256") throw refuse("unknown algorithm");
  const [email, ...scope] = part("Credential").split("/");
  const key = signers[email];
  if (key === undefined) throw refuse(`${email} may not sign`);
  const date = part("Date");
  const signedAt = Date.parse(
    date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
  if (!(nowMs < signedAt + Number(part("Expires")) * 1000)) {
    throw new GcsFailure(400, "ExpiredToken", "expired");
  }
  const signedHeaders = part("SignedHeaders");
  const canonical = [
    method,
    path,
    rawQuery.split("&").filter((pair) => !pair.startsWith("X-Goog-Signature=")).sort().join("&"),
    ...signedHeaders.split(";").map((name) => `${name}:${headers[name]}`),
    "",
    signedHeaders,
    "UNSIGNED-PAYLOAD",
  ].join("\n");
  const text = [
    part("Algorithm"),
    date,
    scope.join("/"),
    createHash("sha256").update(canonical).digest("hex"),
  ].join(
    "\n",
  );
  if (!createVerify("RSA-SHA256").update(text).verify(key, part("Signature"), "hex")) {
    throw refuse("wrong signature");
  }
}

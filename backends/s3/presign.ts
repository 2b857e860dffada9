// Presigned URLs: AWS Signature Version 4 in the query
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html).
import { createHash, createHmac } from "node:crypto";
import type { PresignOptions } from "../../core/backend.ts";
import { contentDisposition } from "../../core/naming/names.ts";
import type { PlainRequest, Signer } from "./calls.ts";
import { fullKey, keyFault, type S3Store } from "./store.ts";

const MAX_MS = 7 * 24 * 3_600_000;

/**
 * Returns a URL that lets its bearer read one object. Sends nothing. The media type is signed, so
 * that no object becomes a page or a script of the store. There is no such URL for writing: it
 * would sign the host alone, and MinIO obeys an unsigned `x-amz-copy-source`.
 */
export async function presignObject(
  store: S3Store,
  key: string,
  options: PresignOptions,
): Promise<string> {
  const { expiresInMs, fileName, signal } = options;
  signal?.throwIfAborted();
  if (!(expiresInMs >= 1000 && expiresInMs <= MAX_MS)) {
    throw keyFault(store, key, {
      code: "Invalid",
      action: "presign",
      state: `expiresInMs is ${expiresInMs}`,
      hint: "Pass 1,000 (a second) to 604,800,000 (seven days).",
    });
  }
  const request = await store.wire.build("GetObject", {
    Bucket: store.bucket,
    Key: fullKey(store, key),
    ResponseContentType: "application/octet-stream",
    ResponseContentDisposition: contentDisposition("attachment", fileName),
  });
  if (store.requesterPays) request.query["x-amz-request-payer"] = "requester";
  return signQuery(request, {
    method: "GET",
    headers: { host: request.host },
    at: new Date(store.system.now()),
    expiresInSeconds: Math.floor(expiresInMs / 1000),
    signer: await store.wire.signer(),
  });
}

interface QuerySignature {
  method: string;
  /** Required headers; names in lower case. */
  headers: Record<string, string>;
  at: Date;
  expiresInSeconds: number;
  signer: Signer;
}

function signQuery(
  request: PlainRequest,
  { method, headers, at, expiresInSeconds, signer }: QuerySignature,
): string {
  const time = at.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/${signer.region}/s3/aws4_request`;
  const names = Object.keys(headers).sort();
  const query: Record<string, string> = {
    ...request.query,
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${signer.accessKeyId}/${scope}`,
    "X-Amz-Date": time,
    "X-Amz-Expires": String(expiresInSeconds),
    "X-Amz-SignedHeaders": names.join(";"),
    ...(signer.sessionToken === undefined ? {} : { "X-Amz-Security-Token": signer.sessionToken }),
  };
  const sorted = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort().join("&");
  const signed = names.map((name) => `${name}:${headers[name]?.trim()}`);
  const canonical = [
    ...[method, request.path, sorted],
    ...[...signed, "", names.join(";"), "UNSIGNED-PAYLOAD"],
  ].join("\n");
  const digest = createHash("sha256").update(canonical).digest("hex");
  const text = ["AWS4-HMAC-SHA256", time, scope, digest].join("\n");
  let key: Uint8Array | string = `AWS4${signer.secretAccessKey}`;
  for (const step of scope.split("/")) key = createHmac("sha256", key).update(step).digest();
  const signature = createHmac("sha256", key).update(text).digest("hex");
  const url = `${request.protocol}//${request.host}${request.path}`;
  return `${url}?${sorted}&X-Amz-Signature=${signature}`;
}

/** Encodes everything but letters, digits and `-._~` (RFC 3986). */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

// Presigned URLs: AWS Signature Version 4 in the query
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html).
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { PresignedPut, PresignOptions, PresignPutOptions } from "../../core/backend.ts";
import { contentDisposition } from "../../core/naming/names.ts";
import { type QuerySignature, signQuery } from "../bucket/query_signature.ts";
import type { PlainRequest } from "./calls.ts";
import { fullKey, keyFault, type S3Store } from "./store.ts";
import { MAX_SINGLE_BYTES } from "./write/put.ts";

const MAX_MS = 7 * 24 * 3_600_000;

/**
 * Returns a URL that lets its bearer read one object. Sends nothing. The media type is signed, so
 * that no object becomes a page or a script of the store.
 */
export async function presignObject(
  store: S3Store,
  key: string,
  options: PresignOptions,
): Promise<string> {
  const { fileName } = options;
  checkExpiry(store, key, options);
  const request = await store.wire.build("GetObject", {
    Bucket: store.bucket,
    Key: fullKey(store, key),
    ResponseContentType: "application/octet-stream",
    ResponseContentDisposition: contentDisposition("attachment", fileName),
  });
  if (store.requesterPays) request.query["x-amz-request-payer"] = "requester";
  return await signed(store, request, { method: "GET", headers: {}, options });
}

/**
 * Returns a request that creates one object. Its size and SHA-256 are signed. AWS refuses headers
 * `x-amz-` that are not; other servers obey `x-amz-copy-source`, which would copy an object that the
 * bearer may not read, so a condition is signed that no source meets.
 */
export async function presignPut(
  store: S3Store,
  key: string,
  options: PresignPutOptions,
): Promise<PresignedPut> {
  const { size, sha256 } = options;
  checkExpiry(store, key, options);
  if (!(size <= MAX_SINGLE_BYTES)) {
    throw keyFault(store, key, {
      code: "Unsupported",
      action: "presign",
      state: `it has ${size} bytes, and one request stores at most ${MAX_SINGLE_BYTES}`,
      hint: "Upload it through the registry.",
    });
  }
  const request = await store.wire.build("PutObject", {
    Bucket: store.bucket,
    Key: fullKey(store, key),
  });
  const headers: Record<string, string> = {
    "x-amz-checksum-sha256": Buffer.from(sha256, "hex").toString("base64"),
    [store.provider.createHeader[0]]: store.provider.createHeader[1],
    ...(AWS.test(request.host) ? {} : { "x-amz-copy-source-if-match": '"none"' }),
    ...(store.requesterPays ? { "x-amz-request-payer": "requester" } : {}),
  };
  const signing = { ...headers, "content-length": String(size) };
  const url = await signed(store, request, { method: "PUT", headers: signing, options });
  return { url, headers };
}

const AWS = /\.amazonaws\.com(\.cn)?$/;

function checkExpiry(
  store: S3Store,
  key: string,
  { expiresInMs, signal }: Pick<PresignOptions, "expiresInMs" | "signal">,
): void {
  signal?.throwIfAborted();
  if (expiresInMs >= 1000 && expiresInMs <= MAX_MS) return;
  throw keyFault(store, key, {
    code: "Invalid",
    action: "presign",
    state: `expiresInMs is ${expiresInMs}`,
    hint: "Pass 1,000 (a second) to 604,800,000 (seven days).",
  });
}

async function signed(
  { system, known, wire }: S3Store,
  request: PlainRequest,
  { method, headers, options: { expiresInMs } }: Pick<QuerySignature, "method" | "headers"> & {
    options: Pick<PresignOptions, "expiresInMs">;
  },
): Promise<string> {
  const { accessKeyId, secretAccessKey, sessionToken, region } = await wire.signer();
  return signQuery({
    ...request,
    method,
    headers,
    query: {
      ...request.query,
      ...(sessionToken === undefined ? {} : { "X-Amz-Security-Token": sessionToken }),
    },
    at: new Date(system.now() + known.aheadMs),
    expiresInSeconds: Math.floor(expiresInMs / 1000),
    vendor: {
      prefix: "X-Amz",
      algorithm: "AWS4-HMAC-SHA256",
      accessId: accessKeyId,
      scope: `${region}/s3/aws4_request`,
      sign(text, scope) {
        let key: Uint8Array | string = `AWS4${secretAccessKey}`;
        for (const step of scope.split("/")) key = createHmac("sha256", key).update(step).digest();
        return createHmac("sha256", key).update(text).digest("hex");
      },
    },
  });
}

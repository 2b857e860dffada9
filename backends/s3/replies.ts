// Whether a reply is one of a store. What stands before it may answer 200 too, with a page or with
// nothing: taken for an empty listing it would say that nothing refers to anything, taken for a
// create that something was written.
import type { S3CallName, S3Calls } from "./calls.ts";

/** What every store says in its reply. */
const SAID: { [N in S3CallName]?: (output: S3Calls[N][1]) => unknown } = {
  ListObjectsV2: ({ Name, KeyCount, IsTruncated }) => Name ?? KeyCount ?? IsTruncated,
  PutObject: ({ ETag }) => ETag,
  UploadPart: ({ ETag }) => ETag,
  CreateMultipartUpload: ({ UploadId }) => UploadId,
  CompleteMultipartUpload: ({ ETag }) => ETag,
};

export function isOfStore(name: S3CallName, output: unknown): boolean {
  const said = SAID[name] as ((output: unknown) => unknown) | undefined;
  return said === undefined || said(output) !== undefined;
}

/** Throws as the SDK does where a successful reply lacks what every store says in it. */
export function checkReply<N extends S3CallName>(name: N, output: S3Calls[N][1]): void {
  if (isOfStore(name, output)) return;
  throw {
    name: "EmptyReply",
    message: `not a reply to ${name}`,
    $metadata: { httpStatusCode: 200 },
  };
}

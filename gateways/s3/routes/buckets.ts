// Requests about the service and its bucket: listings, and what clients ask before them.
import { Buffer } from "node:buffer";
import { Answer, route } from "../../../apps/server/extending.ts";
import type { Access, RouteContext, Routes } from "../../../apps/server/extending.ts";
import { type Element, element, elements, etagOf, timeOf, xmlAnswer } from "../answers.ts";
import { s3Error } from "../s3_error.ts";
import type { S3Context } from "../context.ts";
import { type ExactVersion, type KeyPage, listKeys } from "../listing.ts";
import { type ListedVersion, listVersions, type VersionPage } from "./versions.ts";

/** The owner of all that is listed. */
export const OWNER = element("Owner", [
  element("ID", "holdfast"),
  element("DisplayName", "holdfast"),
]);

/** The rights on all, as S3 without access control lists has them. */
export const FULL_CONTROL = element("AccessControlPolicy", [
  OWNER,
  element("AccessControlList", [element("Grant", elements({ Permission: "FULL_CONTROL" }))]),
]);

/** Answers to questions about the bucket that have no list. */
const CONSTANTS: Readonly<Record<string, Element>> = {
  acl: FULL_CONTROL,
  location: element("LocationConstraint"),
  versioning: element("VersioningConfiguration", [element("Status", "Enabled")]),
};

/** Settings that a bucket can have in S3, and this one has not, with the codes for that. */
const ABSENT: Readonly<Record<string, string>> = {
  cors: "NoSuchCORSConfiguration",
  encryption: "ServerSideEncryptionConfigurationNotFoundError",
  lifecycle: "NoSuchLifecycleConfiguration",
  "object-lock": "ObjectLockConfigurationNotFoundError",
  ownershipControls: "OwnershipControlsNotFoundError",
  policy: "NoSuchBucketPolicy",
  publicAccessBlock: "NoSuchPublicAccessBlockConfiguration",
  replication: "ReplicationConfigurationNotFoundError",
  tagging: "NoSuchTagSet",
  website: "NoSuchWebsiteConfiguration",
};

/** Other members of a query that ask for another operation than the listing. */
const OTHER_OPERATIONS = new Set([
  ...["accelerate", "analytics", "intelligent-tiering", "inventory", "logging", "metrics"],
  ...["notification", "policyStatus", "requestPayment", "session", "uploads"],
]);

export const XML_CONTENT = { "application/xml": { schema: { type: "string" } } };

/** Errors in the document. */
export const ERRORS = Object.fromEntries(
  [400, 403, 404, 405, 412, 416, 500, 501, 503].map((status) => [
    status,
    { description: "An error of S3", content: XML_CONTENT },
  ]),
);

export function bucketRoutes(routes: Routes, context: S3Context): void {
  const { bucket } = context;
  route(routes, "GET /", {
    id: "s3Buckets",
    tag: "s3",
    summary: "Lists the bucket",
    scope: "read",
    answers: { 200: { description: "A list with one bucket", content: XML_CONTENT }, ...ERRORS },
    answer: () => {
      const one = element("Bucket", elements({ Name: bucket, CreationDate: timeOf(new Date(0)) }));
      return xmlAnswer(element("ListAllMyBucketsResult", [OWNER, element("Buckets", [one])]));
    },
  });
  route(routes, `GET /${bucket}`, {
    id: "s3Keys",
    tag: "s3",
    summary: "Lists keys of the bucket, or returns a setting of it",
    description:
      "ListObjects, ListObjectsV2, ListObjectVersions, HeadBucket, GetBucketLocation, and others.",
    scope: "read",
    readsMany: true,
    answers: { 200: { description: "The keys, or the setting", content: XML_CONTENT }, ...ERRORS },
    answer: ({ c }) => answerBucket(c, context),
  });
}

export async function answerBucket(c: RouteContext, context: S3Context): Promise<Answer> {
  if (c.request.method === "HEAD") {
    return new Answer(null, { headers: { "x-amz-bucket-region": "us-east-1" } });
  }
  const query = new URL(c.request.url).searchParams;
  for (const key of query.keys()) {
    if (Object.hasOwn(CONSTANTS, key)) return xmlAnswer(CONSTANTS[key]!);
    if (Object.hasOwn(ABSENT, key)) throw absent(key);
    if (OTHER_OPERATIONS.has(key)) throw notImplemented(key);
  }
  if (query.has("versions")) return await answerVersions(query, context, c.info.access);
  return await answerKeys(query, context, c.info.access);
}

/** The members of a query that all listings have, and the same in the answer. */
function askedIn(query: URLSearchParams, { bucket }: S3Context) {
  const encoding = query.get("encoding-type");
  const asked = {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") ?? "",
    limit: limitOf(query.get("max-keys")),
  };
  const text = encoderOf(encoding);
  const common = {
    Name: bucket,
    Prefix: text(asked.prefix),
    Delimiter: asked.delimiter === "" ? undefined : text(asked.delimiter),
    MaxKeys: asked.limit,
    EncodingType: encoding ?? undefined,
  };
  return { asked, text, common };
}

async function answerKeys(
  query: URLSearchParams,
  context: S3Context,
  access: Access,
): Promise<Answer> {
  const { asked, text, common } = askedIn(query, context);
  const isSecond = query.get("list-type") === "2";
  const token = query.get("continuation-token");
  const begun = token === null ? undefined : parseToken(token);
  const from = query.get(isSecond ? "start-after" : "marker") ?? "";
  const page: KeyPage = asked.limit === 0
    ? { items: [] }
    : await listKeys(context, { ...asked, after: from, ...begun }, access);
  const { items, next, info } = page;
  const place = isSecond
    ? {
      KeyCount: items.length,
      ContinuationToken: token ?? undefined,
      NextContinuationToken: next && writeToken(next, page),
      StartAfter: query.has("start-after") ? text(from) : undefined,
    }
    : { Marker: text(from), NextMarker: next && text(next) };
  const withOwner = !isSecond || query.get("fetch-owner") === "true";
  return xmlAnswer(element("ListBucketResult", [
    ...elements({ ...common, IsTruncated: next !== undefined, ...place }),
    ...items.map(({ key, file }) =>
      file === undefined ? prefixElement(text(key)) : element("Contents", [
        ...fileElements({ key: text(key), file, info }),
        ...withOwner ? [OWNER] : [],
      ])
    ),
  ]));
}

async function answerVersions(
  query: URLSearchParams,
  context: S3Context,
  access: Access,
): Promise<Answer> {
  const { asked, text, common } = askedIn(query, context);
  const after = query.get("key-marker") ?? "";
  const afterCommit = query.get("version-id-marker") || undefined;
  const { items, next }: VersionPage = asked.limit === 0
    ? { items: [] }
    : await listVersions(context, { ...asked, after, afterCommit }, access);
  return xmlAnswer(element("ListVersionsResult", [
    ...elements({
      ...common,
      IsTruncated: next !== undefined,
      KeyMarker: text(after),
      VersionIdMarker: afterCommit ?? "",
      NextKeyMarker: next && text(next.key),
      NextVersionIdMarker: next?.commit,
    }),
    ...items.map(({ key, file, info, isLatest }) =>
      file === undefined ? prefixElement(text(key)) : element("Version", [
        ...fileElements({ key: text(key), file, info }),
        ...elements({ VersionId: info?.commit, IsLatest: isLatest }),
        OWNER,
      ])
    ),
  ]));
}

function prefixElement(prefix: string): Element {
  return element("CommonPrefixes", [element("Prefix", prefix)]);
}

function fileElements(
  { key, file, info }: Required<Pick<ListedVersion, "key" | "file">> & Pick<ListedVersion, "info">,
) {
  return elements({
    Key: key,
    LastModified: info && timeOf(info.createdAt),
    ETag: etagOf(file),
    Size: file.size,
    StorageClass: "STANDARD",
  });
}

export function notImplemented(what: string): Error {
  return s3Error(501, "NotImplemented", {
    action: `answer ?${what}`,
    state: "this service has no such operation",
  });
}

function absent(setting: string): Error {
  return s3Error(404, ABSENT[setting]!, {
    action: `read the setting ${setting}`,
    state: "the bucket has none",
  });
}

/** Page of a listing. */
const MOST_KEYS = 1000;

function limitOf(text: string | null): number {
  if (text === null) return MOST_KEYS;
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text), MOST_KEYS);
  throw wrongArgument("max-keys is not a number", "Pass a number from 0 to 1000.");
}

/** Returns how keys are written. Clients ask for `url`, as XML cannot have each character. */
function encoderOf(type: string | null): (text: string) => string {
  if (type === null) return (text) => text;
  if (type !== "url") throw wrongArgument("encoding-type is unknown", "Pass encoding-type=url.");
  return (text) => encodeURIComponent(text).replaceAll("%2F", "/");
}

/** Writes where the next page begins, and the version of all pages: any process can read it. */
function writeToken(after: string, { info }: KeyPage): string {
  const version = info && [info.version, info.commit];
  return Buffer.from(JSON.stringify([after, ...version ?? []])).toString("base64url");
}

function parseToken(token: string): { after: string; version?: ExactVersion } {
  const [after, version, commit] = textsIn(Buffer.from(token, "base64url").toString());
  if (after === undefined) {
    const hint = "List from the beginning.";
    throw wrongArgument("continuation-token is not one of this service", hint);
  }
  if (version === undefined || commit === undefined) return { after };
  return { after, version: { version, commit } };
}

/** Returns the strings of an array in JSON; of anything else none. */
function textsIn(json: string): string[] {
  try {
    const value: unknown = JSON.parse(json);
    const isList = Array.isArray(value) && value.every((each) => typeof each === "string");
    return isList ? value : [];
  } catch {
    return [];
  }
}

export function wrongArgument(state: string, hint: string): Error {
  return s3Error(400, "InvalidArgument", { action: "read the query", state, hint });
}

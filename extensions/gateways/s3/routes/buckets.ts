// Requests about the service and its bucket: listings, and what clients ask before them.
import { Buffer } from "node:buffer";
import { Answer, route } from "../../../../apps/gateways.ts";
import type { Access, RouteContext, Routes } from "../../../../apps/gateways.ts";
import { type Element, element, elements, etagOf, xmlAnswer } from "../answers.ts";
import { checkOperation, wrongArgument } from "../s3_error.ts";
import type { S3Context } from "../context.ts";
import { type AskedKeys, type Listed, listKeys } from "../listing.ts";
import { type Asked, S3Query, valueOf } from "../query.ts";
import { listVersions } from "./versions.ts";

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

/** The members of a query that listings have. */
const OF_LISTINGS = new Set(Object.keys(S3Query.entries));

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
      const one = element(
        "Bucket",
        elements({ Name: bucket, CreationDate: new Date(0).toISOString() }),
      );
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
    query: S3Query,
    answers: { 200: { description: "The keys, or the setting", content: XML_CONTENT }, ...ERRORS },
    answer: ({ c, query }) => answerBucket(c, query, context),
  });
}

export async function answerBucket(
  c: RouteContext,
  query: Asked,
  context: S3Context,
): Promise<Answer> {
  if (c.request.method === "HEAD") {
    return new Answer(null, { headers: { "x-amz-bucket-region": "us-east-1" } });
  }
  const constant = Object.keys(query).find((key) => Object.hasOwn(CONSTANTS, key));
  if (constant !== undefined) return xmlAnswer(CONSTANTS[constant]!);
  checkOperation(query, OF_LISTINGS);
  return await answerListing(query, context, c.info.access);
}

/** Answers ListObjects, ListObjectsV2 and ListObjectVersions. */
async function answerListing(
  query: Asked,
  context: S3Context,
  access: Access,
): Promise<Answer> {
  const given = (name: string) => valueOf(query, name) ?? "";
  const text = encoderOf(query["encoding-type"]);
  const asked = {
    prefix: given("prefix"),
    delimiter: given("delimiter"),
    limit: limitOf(query["max-keys"]),
  };
  const answer = (
    root: string,
    { items, next }: { items: readonly Listed[]; next?: unknown },
    place: Parameters<typeof elements>[0],
  ) => {
    const common = {
      Name: context.bucket,
      Prefix: text(asked.prefix),
      Delimiter: text(asked.delimiter) || undefined,
      MaxKeys: asked.limit,
      EncodingType: query["encoding-type"] || undefined,
      IsTruncated: next !== undefined,
      ...place,
    };
    const withOwner = query["list-type"] !== "2" || query["fetch-owner"] === "true";
    const entries = items.map((item) => entryOf({ ...item, key: text(item.key) }, withOwner));
    return xmlAnswer(element(root, [...elements(common), ...entries]));
  };

  if (query.versions !== undefined) {
    const after = given("key-marker"), marker = given("version-id-marker");
    const afterVersion = marker || undefined;
    const page = await listVersions(context, { ...asked, after, afterVersion }, access);
    return answer("ListVersionsResult", page, {
      KeyMarker: text(after),
      VersionIdMarker: marker,
      NextKeyMarker: page.next && text(page.next.key),
      NextVersionIdMarker: page.next?.version,
    });
  }
  if (query["list-type"] !== "2") {
    const page = await listKeys(context, { ...asked, after: given("marker") }, access);
    const NextMarker = page.next && text(page.next);
    return answer("ListBucketResult", page, { Marker: text(given("marker")), NextMarker });
  }
  const token = query["continuation-token"];
  const begun = token ? parseToken(token) : { after: given("start-after") };
  const page = await listKeys(context, { ...asked, ...begun }, access);
  return answer("ListBucketResult", page, {
    KeyCount: page.items.length,
    ContinuationToken: token,
    NextContinuationToken: page.next && writeToken(page.next, page.items[0]?.info),
    StartAfter: text(given("start-after")) || undefined,
  });
}

function entryOf({ key, file, info, isLatest }: Listed, withOwner: boolean): Element {
  if (file === undefined) return element("CommonPrefixes", [element("Prefix", key)]);
  return element(isLatest === undefined ? "Contents" : "Version", [
    ...elements({
      Key: key,
      LastModified: info?.createdAt.toISOString(),
      ETag: etagOf(file),
      Size: file.size,
      StorageClass: "STANDARD",
      VersionId: isLatest === undefined ? undefined : info?.commit,
      IsLatest: isLatest,
    }),
    ...withOwner ? [OWNER] : [],
  ]);
}

/** Page of a listing. */
const MOST_KEYS = 1000;

function limitOf(text: string | undefined): number {
  if (!text) return MOST_KEYS;
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text), MOST_KEYS);
  throw wrongArgument("max-keys is not a number", "Pass a number from 0 to 1000.");
}

/** Returns how keys are written. Clients ask for `url`, as XML cannot have each character. */
function encoderOf(type: string | undefined): (text: string) => string {
  if (!type) return (text) => text;
  if (type !== "url") throw wrongArgument("encoding-type is unknown", "Pass encoding-type=url.");
  return (text) => encodeURIComponent(text).replaceAll("%2F", "/");
}

/** Writes where the next page begins, and the version of all pages: any process can read it. */
function writeToken(after: string, info?: { version: string; commit: string }): string {
  const parts = info === undefined ? [after] : [after, info.version, info.commit];
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

function parseToken(token: string): Pick<AskedKeys, "after" | "version"> {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    if (!(parts instanceof Array) || parts.some((part) => typeof part !== "string")) throw parts;
    const [after = "", version, commit] = parts;
    return { after, ...version !== undefined && { version: { version, commit } } };
  } catch {
    const state = "continuation-token is not one of this service";
    throw wrongArgument(state, "List from the beginning.");
  }
}

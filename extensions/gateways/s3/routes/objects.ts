// Requests about the objects of the bucket: files of versions.
import { Buffer } from "node:buffer";
import { Answer, route, type RouteContext, type Routes } from "../../../../apps/gateways.ts";
import { answerInPlace, answerVersionFile, isExact } from "../../../../apps/server/extending.ts";
import { readAnnotations } from "../../../../registry/mod.ts";
import { parseKey } from "../address.ts";
import { type Element, element, elements, etagOf, xmlAnswer } from "../answers.ts";
import { chosenHeaders } from "../chosen_headers.ts";
import type { S3Context } from "../context.ts";
import { type Asked, S3Query } from "../query.ts";
import { checkOperation, s3Error, wrongArgument } from "../s3_error.ts";
import { type FoundObject, withObject } from "../find_object.ts";
import { isSigned } from "../sigv4.ts";
import { answerBucket, ERRORS, FULL_CONTROL, XML_CONTENT } from "./buckets.ts";

const ANY_BYTES = { "*/*": { schema: { type: "string", format: "binary" } }, ...XML_CONTENT };

/** The members of a query that reads of objects have. */
const OF_OBJECTS = new Set([...Object.keys(S3Query.entries), "attributes", "tagging", "acl"]);

export function objectRoutes(routes: Routes, context: S3Context): void {
  route(routes, `GET /${context.bucket}/:path{[^]*}`, {
    id: "s3Object",
    tag: "s3",
    summary: "Reads the file of a version at the key NAME/@VERSION/PATH, or a range of it",
    description: "GetObject, HeadObject, GetObjectAttributes, GetObjectTagging, GetObjectAcl.",
    scope: "read",
    paramsOf,
    query: S3Query,
    requestHeaders: { range: "One range of bytes, as `bytes=0-99`" },
    answers: {
      200: { description: "The file", content: ANY_BYTES },
      206: { description: "The range", content: ANY_BYTES },
      304: { description: "Not modified" },
      307: { description: "The object in the bucket" },
      ...ERRORS,
    },
    answer: async ({ c, query }) => {
      if (c.params.key === "") return await answerInPlace(c, () => answerBucket(c, query, context));
      checkOperation(query, OF_OBJECTS);
      return await withObject(c, context, query.versionId, (found) => {
        if ("attributes" in query) return answerAttributes(c, found);
        if ("tagging" in query) return answerTags(found, context);
        if ("acl" in query) return xmlAnswer(FULL_CONTROL);
        return answerObject(c, context, { ...found, query });
      });
    },
  });
}

/** Returns the parts of the key in the path as it was sent. The guard checks rights for the name. */
function paramsOf(sent: string): Record<string, string> {
  const key = decodeURIComponent(sent.slice(sent.indexOf("/", 1) + 1));
  const parts = parseKey(key);
  if (parts.kind !== "files" || parts.ref === "") return { key };
  const { name, ref, path } = parts;
  return { key, name, version: ref, path };
}

async function answerObject(
  c: RouteContext,
  context: S3Context,
  { artifact, file, asked, query }: FoundObject & { query: Asked },
): Promise<Answer> {
  const { commit, version } = artifact.info;
  const part = query.partNumber || undefined;
  if (part !== undefined) checkPart(part, c.request);
  const chosen = chosenHeaders(query, { isSigned: isSigned(c.request, Object.keys(query)) });
  const answer = await answerVersionFile(c, context, {
    artifact,
    file,
    exact: isExact(context.registry, asked, artifact),
    fixed: asked.commit !== undefined,
    etag: etagOf(file.info),
    headHasRanges: true,
    redirects: mayRedirect(query) ? "sends no token" : undefined,
    headers: { "x-amz-version-id": commit, "x-amz-meta-holdfast-version": version },
  });
  if (answer.status !== 200 && answer.status !== 206) return answer;
  const isChecked = answer.status === 200 &&
    /^enabled$/i.test(c.header("x-amz-checksum-mode") ?? "");
  const headers = {
    ...answer.headers,
    ...isChecked && {
      "x-amz-checksum-sha256": checksumOf(file.info),
      "x-amz-checksum-type": "FULL_OBJECT",
    },
    ...chosen,
  };
  return new Answer(answer.body, { ...answer, headers });
}

/** Throws for a part that no file has. */
function checkPart(part: string, { headers }: Pick<Request, "headers">): void {
  const number = /^\d{1,5}$/.test(part) ? Number(part) : 0;
  if (number < 1 || number > 10_000) {
    throw wrongArgument("partNumber is not a part", "Pass a number from 1 to 10000.");
  }
  const action = `read part ${number}`;
  if (headers.has("range")) {
    throw s3Error(400, "InvalidRequest", { action, state: "the request has a range, too" });
  }
  if (number > 1) {
    throw s3Error(416, "InvalidPartNumber", { action, state: "each file has one part" });
  }
}

/** Returns whether a request is a link: SDKs that send no signature may fail at another host, too. */
function mayRedirect(query: Asked): boolean {
  const chooses = Object.keys(query).some((name) => name.startsWith("response-"));
  return "X-Amz-Signature" in query && !chooses; // which the bucket would not know
}

/** Returns the SHA-256 as headers and attributes have it. */
function checksumOf({ sha256 }: { sha256: string }): string {
  return Buffer.from(sha256, "hex").toString("base64");
}

function answerAttributes(c: RouteContext, { artifact: { info }, file }: FoundObject): Answer {
  const asked = (c.header("x-amz-object-attributes") ?? "").split(/[\s,]+/);
  const { sha256, size } = file.info;
  const checksum = { ChecksumSHA256: checksumOf({ sha256 }), ChecksumType: "FULL_OBJECT" };
  const all: Record<string, string | Element[]> = {
    ETag: sha256,
    Checksum: elements(checksum),
    StorageClass: "STANDARD",
    ObjectSize: String(size),
  };
  const attributes = Object.keys(all).filter((name) => asked.includes(name))
    .map((name) => element(name, all[name]));
  return xmlAnswer(element("GetObjectAttributesResponse", attributes), {
    headers: {
      "last-modified": info.createdAt.toUTCString(),
      "x-amz-version-id": info.commit,
    },
  });
}

/** Answers with the labels of the version as tags. */
async function answerTags({ artifact }: FoundObject, { registry }: S3Context): Promise<Answer> {
  const { name, version, commit } = artifact.info;
  const { labels = {} } = await readAnnotations(registry, `${name}@${version}`) ?? {};
  const tags = Object.entries(labels).map(([Key, value]) => {
    const Value = typeof value === "string" ? value : JSON.stringify(value);
    return element("Tag", elements({ Key, Value }));
  });
  return xmlAnswer(element("Tagging", [element("TagSet", tags)]), {
    headers: { "x-amz-version-id": commit },
  });
}

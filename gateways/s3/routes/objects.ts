// Requests about the objects of the bucket: files of versions.
import type { Artifact } from "../../../mod.ts";
import type { ArtifactFile } from "../../../materializers/mod.ts";
import { isRegistryError, shown } from "../../../core/kernel.ts";
import { answerVersionFile, isExact, route } from "../../../apps/server/extending.ts";
import type {
  Access,
  Answer,
  AskedVersion,
  RouteContext,
  Routes,
} from "../../../apps/server/extending.ts";
import { parseKey } from "../address.ts";
import { etagOf } from "../answers.ts";
import { s3Error } from "../errors.ts";
import { isObject } from "../listing.ts";
import { answerBucket, checkBucket, ERRORS, type S3Context, XML_CONTENT } from "./buckets.ts";

const ANY_BYTES = { "*/*": { schema: { type: "string", format: "binary" } }, ...XML_CONTENT };

export function objectRoutes(routes: Routes, context: S3Context): void {
  route(routes, "GET /:bucket/:path{[^]*}", {
    id: "s3Object",
    tag: "s3",
    summary: "Reads the file of a version at the key NAME/@VERSION/PATH, or a range of it",
    description: "GetObject, HeadObject.",
    scope: "read",
    paramsOf,
    requestHeaders: { range: "One range of bytes, as `bytes=0-99`" },
    answers: {
      200: { description: "The file", content: ANY_BYTES },
      206: { description: "The range", content: ANY_BYTES },
      304: { description: "Not modified" },
      ...ERRORS,
    },
    answer: async ({ c }) => {
      if (c.params.key === "") return await answerBucket(c, context);
      checkBucket(c.params.bucket, context);
      return await answerObject(c, context);
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

async function answerObject(c: RouteContext, context: S3Context): Promise<Answer> {
  const { info: { access } } = c;
  const { artifact, file, asked } = await findObject(c, context, access);
  const { commit, version } = artifact.info;
  const answer = await answerVersionFile(c, context, {
    artifact,
    file,
    exact: isExact(context.registry, asked, artifact),
    fixed: asked.commit !== undefined,
    etag: etagOf(file.info),
    headers: { "x-amz-version-id": commit, "x-amz-meta-holdfast-version": version },
  });
  return answer;
}

interface FoundObject {
  artifact: Artifact;
  file: ArtifactFile;
  asked: AskedVersion;
}

async function findObject(
  { params }: RouteContext,
  { openVersion }: S3Context,
  access: Access,
): Promise<FoundObject> {
  const { key = "", name, version, path = "" } = params;
  if (name === undefined || version === undefined) throw noSuchKey(key, "no version is in the key");
  const asked = { name, version };
  const artifact = await openVersion(asked, access);
  artifact.checkFiles?.();
  const file = fileIn(artifact, path);
  if (file === undefined) throw noSuchKey(key, "the version has no such file");
  return { artifact, file, asked };
}

function fileIn(artifact: Artifact, path: string): ArtifactFile | undefined {
  if (path === "") return undefined; // it would be the only file
  try {
    const file = artifact.file(path);
    return isObject(file.info) ? file : undefined;
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return undefined;
    throw error;
  }
}

function noSuchKey(key: string, state: string) {
  return s3Error(404, "NoSuchKey", {
    action: "read",
    subject: shown(key),
    state,
    hint: "A key is NAME/@VERSION/PATH. List the keys with the delimiter /.",
  });
}

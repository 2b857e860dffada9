// The routes of the distribution specification that read.
import * as v from "npm:valibot@^1.5";
import { inTurns, isRegistryError, notFound, shown, valueAt } from "../../../core/kernel.ts";
import { Answer, RefusedRequest, route } from "../../../apps/gateways.ts";
import type { GatewayContext, RouteContext, Routes } from "../../../apps/gateways.ts";
import {
  answerInPlace,
  answerVersionFile,
  passwordAsToken,
  readableNames,
  schema,
  type SealedLinks,
} from "../../../apps/server/extending.ts";
import type { SmallBlob } from "./image.ts";
import { TOKEN_PATH } from "./errors.ts";
import { type FoundImage, Images } from "./images.ts";
import { isOllama } from "./ollama.ts";
import { indexOf } from "./referrers.ts";
import type { AskedPart } from "./served_images.ts";
import { answerPage, FirstItems, ListQuery } from "./pages.ts";
import { formOf, nameOf, repositoryOf, tagOf, versionOf } from "./names.ts";

const REPOSITORY = "/v2/:repository{[^]+}";
const ANY_BYTES = { "*/*": { schema: { type: "string", format: "binary" } } };
const NO_CACHE = { "cache-control": "no-cache" };
const DIGEST = /^sha256:[0-9a-f]{64}$/;

const ReferrersQuery = schema.object("OciReferrersQuery", {
  artifactType: v.optional(schema.described(schema.text(255), "Only artifacts of this type")),
});
const Items = v.array(v.string());
const OciCatalog = schema.object("OciCatalog", { repositories: Items });
const OciTags = schema.object("OciTags", { name: v.string(), tags: Items });
const OciToken = schema.object("OciToken", {
  token: v.string(),
  access_token: v.string(),
  expires_in: schema.Amount,
});
const OciErrors = schema.object("OciErrors", {
  errors: v.array(v.object({ code: v.string(), message: v.string() })),
});
const ERRORS = Object.fromEntries(
  [400, 401, 403, 404, 416, 422, 429, 500, 503].map((status) => [
    status,
    { description: "An error of OCI", schema: OciErrors },
  ]),
);

const about = { tag: "oci", scope: "read" } as const;

/** Facts about the clients of Ollama. */
export interface OllamaParts {
  links: SealedLinks;
  /** Returns the token of the key that signed a request. */
  tokenOf(request: object): string | undefined;
}

export function ociRoutes(routes: Routes, context: GatewayContext, ollama: OllamaParts): void {
  listRoutes(routes, context, ollama);
  const images = new Images(context);
  manifestRoutes(routes, images);
  blobRoutes(routes, context, { images, ollama });
}

function listRoutes(
  routes: Routes,
  { registry }: GatewayContext,
  { tokenOf }: OllamaParts,
): void {
  route(routes, "GET /v2/", {
    ...about,
    id: "ociVersion",
    summary: "Tells clients that the service has the API of OCI",
    answers: { 200: { description: "An empty object", schema: v.object({}) }, ...ERRORS },
    answer: ({ c }) => c.json({}),
  });
  route(routes, `GET ${TOKEN_PATH}`, {
    ...about,
    id: "ociToken",
    summary: "Returns the token that was sent as a password, as clients expect it",
    answers: { 200: { description: "The token", schema: OciToken }, ...ERRORS },
    answer({ c }) {
      const sentToken = passwordAsToken(c.request)?.replace(/^Bearer +/i, "") ?? "none";
      const token = tokenOf(c.request) ?? sentToken;
      const sent = { token, access_token: token, expires_in: 300 };
      return c.json(sent, 200, { "cache-control": "no-store" });
    },
  });
  route(routes, "GET /v2/_catalog", {
    ...about,
    id: "ociCatalog",
    summary: "Lists the names that the token may read, as repositories",
    readsMany: true,
    query: ListQuery,
    answers: {
      200: { description: "A page; its `Link` leads to the next", schema: OciCatalog },
      ...ERRORS,
    },
    async answer({ c, access, query }) {
      const page = new FirstItems(query);
      const names = readableNames(registry, access);
      for await (const name of inTurns(names)) page.add(repositoryOf(name));
      return answerPage(c, page, (repositories) => ({ repositories }));
    },
  });
  route(routes, `GET ${REPOSITORY}/tags/list`, {
    ...about,
    id: "ociTags",
    summary: "Lists the versions and aliases of a name as tags",
    paramsOf,
    readsMany: true,
    query: ListQuery,
    answers: {
      200: { description: "A page; its `Link` leads to the next", schema: OciTags },
      ...ERRORS,
    },
    async answer({ c, params: { repository }, query }) {
      const name = nameIn(c);
      const page = new FirstItems(query);
      let hasVersion = false;
      for await (const { version } of inTurns(registry.versions(name))) {
        hasVersion = true;
        page.add(tagOf(version));
      }
      if (!hasVersion) throw notFound("list the tags of", shown(name), "no such name");
      page.add("latest");
      for await (const { alias } of inTurns(registry.aliases(name))) page.add(tagOf(alias));
      return answerPage(c, page, (tags) => ({ name: repository, tags }));
    },
  });
}

function manifestRoutes(routes: Routes, images: Images): void {
  route(routes, `GET ${REPOSITORY}/referrers/:digest`, {
    ...about,
    id: "ociReferrers",
    summary: "Lists the artifacts that refer to a manifest: the signatures of its version",
    paramsOf,
    query: ReferrersQuery,
    answers: { 200: { description: "An index", content: ANY_BYTES }, ...ERRORS },
    async answer({ c, params: { digest }, query: { artifactType } }) {
      const found = await byDigest(c, images, { kind: "manifest", digest }).catch((error) => {
        if (!isRegistryError(error, "NotFound") || c.params.name === undefined) throw error;
      });
      const isImage = found !== undefined && found.referring === undefined;
      const listed = isImage ? await images.referrers(found, digest) : [];
      const { bytes, type } = indexOf(listed, artifactType);
      return answerBlob(bytes, {
        "content-type": type,
        ...artifactType !== undefined && { "oci-filters-applied": "artifactType" },
        ...NO_CACHE,
      });
    },
  });
  route(routes, `GET ${REPOSITORY}/manifests/:reference`, {
    ...about,
    id: "ociManifest",
    summary: "Returns the manifest of a version, by its tag or digest",
    paramsOf,
    answers: { 200: { description: "The manifest", content: ANY_BYTES }, ...ERRORS },
    async answer({ c, params: { reference }, access }) {
      const name = nameIn(c);
      const { version } = c.params;
      const part = { kind: "manifest", digest: reference } as const;
      const { image, referring }: FoundImage = version === undefined
        ? await byDigest(c, images, part)
        : await images.open({ name, version }, isOllama(c) ? "ollama" : formOf(reference).form, {
          access,
          signal: c.request.signal,
        });
      if (referring !== undefined) return answerSmall(referring);
      await images.note(image);
      return answerSmall(image.manifests.get(reference) ?? image.manifest);
    },
  });
}

function blobRoutes(
  routes: Routes,
  context: GatewayContext,
  { images, ollama: { links } }: { images: Images; ollama: OllamaParts },
): void {
  route(routes, `GET ${REPOSITORY}/blobs/:digest`, {
    ...about,
    id: "ociBlob",
    summary: "Reads a file or the configuration of a version by its digest, or a range of it",
    paramsOf,
    requestHeaders: { range: "One range of bytes, as `bytes=0-99`" },
    answers: {
      200: { description: "The bytes", content: ANY_BYTES },
      206: { description: "The range", content: ANY_BYTES },
      304: { description: "Not modified" },
      307: { description: "The file in the bucket" },
      ...ERRORS,
    },
    async answer({ c, params: { digest } }) {
      const found = await byDigest(c, images, { kind: "blob", digest });
      const answer = await answerBlobOf(c, context, found, digest);
      if (!isOllama(c) || c.request.method === "HEAD" || answer.status !== 200) return answer;
      if (answer.body instanceof ReadableStream) await answer.body.cancel();
      const location = await links.to(c, c.sentPath, context.system.now());
      const headers = { ...answer.headers, location, "content-length": "0" };
      return new Answer(null, { headers });
    },
  });
}

/** Answers with a part of an image, or a range of it. */
async function answerBlobOf(
  c: RouteContext,
  context: GatewayContext,
  { artifact, image, referring }: FoundImage,
  digest: string,
): Promise<Answer> {
  const small = referring ?? image.configs.get(digest);
  if (small !== undefined) return answerSmall(small);
  const layer = valueAt(image.layers, digest);
  const file = typeof layer === "string"
    ? await artifact.file(layer)
    : layer.file(digest, (path) => artifact.file(path));
  return await answerVersionFile(c, context, {
    artifact,
    file,
    fixed: true,
    etag: `"${digest}"`,
    redirects: typeof layer === "string" ? "expects redirects" : undefined,
    headers: {
      "docker-content-digest": digest,
      "content-type": "application/octet-stream",
    },
  });
}

/** Finds an artifact by its digest, or by that of a part. A search takes a place. */
async function byDigest(c: RouteContext, images: Images, part: AskedPart): Promise<FoundImage> {
  const name = nameIn(c);
  const { digest } = part;
  checkDigest(digest);
  const { access } = c.info;
  let found = await images.findKnown(name, part, access);
  if (found !== undefined) return found;
  await answerInPlace(c, async () => {
    found = await images.search(name, part, { access, signal: c.request.signal });
    return new Answer(null);
  });
  if (found !== undefined) return found;
  throw notFound("read", digest, `no version of ${shown(name)} has it`, {
    hint: "Pull by a tag: versions that were deleted or replaced are gone.",
  });
}

/** Returns the name in the path as it was sent, and the version or alias of a tag. */
function paramsOf(sent: string): Record<string, string> {
  const [, repository = "", rest = ""] =
    /^\/v2\/(.+)\/(?:tags\/list|(?:referrers|blobs)\/[^/]+|(manifests\/[^/]+))$/s.exec(sent) ?? [];
  const name = nameOf(repository);
  const version = versionOf(formOf(rest.replace(/^manifests\//, "")).tag);
  return { ...name !== undefined && { name }, ...version !== undefined && { version } };
}

/** Returns the name of the path, whose rights are checked. */
function nameIn({ params: { name, repository } }: RouteContext): string {
  if (name !== undefined) return name;
  throw notFound("find", shown(repository), "no name has this repository", {
    hint: "Write : of a name as /, and / as __. Names with other characters are not served.",
  });
}

function checkDigest(digest: string): void {
  if (DIGEST.test(digest)) return;
  throw new RefusedRequest({
    status: 400,
    code: "Invalid",
    action: "read",
    subject: shown(digest),
    state: "it is not a tag or a SHA-256 digest",
    hint: "Pass sha256: and 64 hexadecimal digits; the service has no other digests.",
  });
}

function answerSmall({ bytes, digest, type }: SmallBlob): Answer {
  return answerBlob(bytes, {
    "content-type": type,
    "docker-content-digest": digest,
    "etag": `"${digest}"`,
    ...NO_CACHE,
  });
}

/** Answers with the length also to HEAD. */
function answerBlob(bytes: Uint8Array | string, headers: Record<string, string>): Answer {
  return new Answer(bytes, { headers: { "content-length": String(bytes.length), ...headers } });
}

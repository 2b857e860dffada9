// The write routes of the Hugging Face Hub: what clients ask before they upload, uploads of large
// files by Git LFS, and commits, each of which becomes a version.
import { Buffer } from "node:buffer";
import type * as v from "npm:valibot@^1.5";
import { isRegistryError, type RegistryError } from "../../../mod.ts";
import { alreadyExists, fault, giveWay, mapAtOnce, orMissing } from "../../../core/kernel.ts";
import { unsupported } from "../../../core/kernel.ts";
import { Answer, route } from "../../../apps/gateways.ts";
import type {
  Access,
  GatewayContext,
  ReadablePages,
  RouteContext,
  Routes,
} from "../../../apps/gateways.ts";
import {
  checkStillAllowed,
  checkUploadSize,
  checkWrites,
  FILE,
  fileAt,
  MOST_SENT_FILES,
  noUpload,
  publicUrl,
} from "../../../apps/server/extending.ts";
import * as schemas from "./write_schemas.ts";
import { gitIgnoreOf, ignoredAmong } from "./ignored.ts";
import { applyCommit, type Commit, type SentObjects } from "./apply_commit.ts";
import { SentObjects as StoredObjects } from "./sent_objects.ts";
import { type AskedRepo, HEAD, MAIN, nameToWrite, type RepoKind, revisionOf } from "./repos.ts";
import type { Repos } from "./repos.ts";

interface WriteContext extends GatewayContext {
  repos: Repos;
}

/** The paths of one kind of repository ids. */
export interface RepoPaths {
  kind: RepoKind;
  api: `/${string}`;
  files: `/${string}`;
  /** End of the ids of its routes. */
  suffix: string;
}

/** Returns a function for the objects that a token has sent. */
export function createSentObjects(
  { uploads, memory }: Pick<GatewayContext, "uploads" | "memory">,
): (access: Access) => SentObjects {
  const objects = memory.of(StoredObjects);
  return ({ token }) => ({
    async take(oid) {
      for (const upload of await objects.uploadsOf({ token, oid })) {
        const state = await (await uploads()).state(upload).catch((error) => {
          if (!isRegistryError(error, "NotFound")) throw error; // else it has expired
        });
        if (state === undefined || state.offset !== state.size) continue;
        if (await objects.take({ token, upload })) return upload;
      }
    },
    add: (oid, upload) => objects.add({ token, oid, upload }),
  });
}

/** Adds the routes that belong to no repository. */
export function hubAccountWrites(routes: Routes, context: WriteContext): void {
  route(routes, "POST /api/repos/create", {
    ...about("hubCreate", "Accepts a repository, which exists with its first commit"),
    description: "`files` and `license` are that commit.",
    answers: { 200: { description: "Its URL", schema: schemas.HubCreated } },
    json: schemas.HubCreate,
    answer: async ({ c, json, access, signal }) => {
      const { name, organization, type: wantedType } = json;
      const type = wantedType ?? "model";
      const id = organization ? `${organization}/${name}` : name;
      if (type !== "model" && type !== "dataset") throw noSuchKind(type);
      const asked = { kind: `${type}s`, id } as const;
      checkWrites(c, "save", nameToWrite(asked));
      const changes = firstFilesOf(json).map((value) => ({ key: "file", value }) as const);
      if (changes.length > 0) {
        const find = async () => {
          const { name, base } = await targetOf(asked, context, access);
          if (base !== undefined) throw existing(id);
          return { name, base };
        };
        const commit = { summary: "initial commit", description: "", changes };
        const commitOptions = { find, access, objects: NO_OBJECTS, signal };
        const { version } = await applyCommit(context, commit, commitOptions);
        c.info.version = version;
      }
      await context.repos.create(asked);
      const path = type === "dataset" ? `datasets/${id}` : id;
      return c.json({ url: publicUrl(c, `/${path}`).href, name: id, id });
    },
  });
  route(routes, "POST /api/validate-yaml", {
    ...about("hubValidate", "Accepts any model card"),
    answers: { 200: { description: "No findings", schema: schemas.HubFindings } },
    answer: ({ c }) => c.json({ errors: [], warnings: [] }),
  });
  route(routes, "PUT /uploads/:upload", {
    ...about("hubObject", "Receives an object of Git LFS, at the URL that its batch returned"),
    scope: "open", // clients send no token: the URL grants access
    body: { "application/octet-stream": FILE },
    answers: { 200: { description: "Received", schema: schemas.HubReceived } },
    problems: [410],
    answer: async ({ c, params: { upload }, signal }) => {
      const uploads = await context.uploads();
      const state = await orMissing(uploads.state(upload, { signal }));
      if (state?.metadata?.[LFS] === undefined) throw noUpload(upload);
      const { offset, size } = state;
      const body = c.request.body ?? new Blob().stream();
      if (offset < size) await uploads.append(upload, without(body, offset), { offset, signal });
      return c.json({ received: true as const });
    },
  });
}

/** Returns the files of a new repository. Its license is the metadata of a model card. */
function firstFilesOf({ files, license }: v.InferOutput<typeof schemas.HubCreate>) {
  const all = [...files ?? []];
  if (license && !all.some(({ path }) => path === "README.md")) {
    const content = Buffer.from(`---\nlicense: ${JSON.stringify(license)}\n---\n`);
    all.push({ path: "README.md", content: content.toString("base64"), encoding: "base64" });
  }
  return all;
}

const NO_OBJECTS: SentObjects = {
  take: () => Promise.resolve(undefined),
  add: () => Promise.resolve(),
};

/** A member of the metadata of uploads that are objects of Git LFS. */
const LFS = "lfs";

/** Skips bytes that an earlier request sent. */
async function* without(body: AsyncIterable<Uint8Array>, offset: number) {
  for await (const chunk of body) {
    if (chunk.byteLength > offset) yield chunk.subarray(offset);
    offset = Math.max(0, offset - chunk.byteLength);
  }
}

export function hubWrites(
  routes: Routes,
  context: WriteContext,
  objects: ReturnType<typeof createSentObjects>,
  { kind, api, files, suffix }: RepoPaths,
): void {
  route(routes, `POST ${api}/preupload/:revision`, {
    ...about(`hubPreupload${suffix}`, "Tells how to send each file"),
    answers: { 200: { description: "A mode for each file", schema: schemas.HubModes } },
    json: schemas.HubPreupload,
    answer: async ({ c, json: { files, gitIgnore } }) => {
      const { name, base } = await target(c, context, kind);
      c.info.access.check("save", name);
      const ignored = await ignoredAmong(files, gitIgnore ?? await gitIgnoreOf(base));
      return c.json({ files: await modesOf(files, { kind, base, ignored }) });
    },
  });
  route(routes, `POST ${files}/info/lfs/objects/batch`, {
    ...about(`hubBatch${suffix}`, "Returns URLs for large files (Git LFS, basic transfers)"),
    json: schemas.HubBatch,
    answers: { 200: { description: "The URLs", schema: schemas.HubBatchAnswer } },
    answer: async ({ c, access, json: { objects: asked } }) => {
      const { name, base } = await target(c, context, kind);
      access.check("save", name);
      for (const { size } of asked) checkUploadSize(context.options, size);
      const stored = await storedAmong(asked, base);
      const answers = mapAtOnce(asked, async ({ oid, size }) => {
        await giveWay(); // notes of uploads may come from memory
        if (stored.has(oid)) return { oid, size };
        const metadata = { [LFS]: oid };
        const begun = { size, owner: access.token, metadata };
        const { id } = await (await context.uploads()).begin(begun);
        await objects(access).add(oid, id);
        const actions = { upload: { href: publicUrl(c, `/uploads/${id}`).href, header: {} } };
        return { oid, size, actions };
      });
      return c.json({ transfer: "basic", objects: await Array.fromAsync(answers) });
    },
  });
  route(routes, `GET ${api}/xet-write-token/:revision`, {
    ...about(`hubXet${suffix}`, "Redirects uploads by Xet to a path that does not exist"),
    answers: { 307: { description: "A path that explains what to do: clients show only this" } },
    answer: () => new Answer(null, { status: 307, headers: { location: USE_LFS } }),
  });
  route(routes, `POST ${api}/commit/:revision`, {
    ...about(`hubCommit${suffix}`, "Saves the latest version with changes as a new version"),
    description: "Lines of JSON (application/x-ndjson), the header first. A commit whose " +
      "`parentCommit` is not the latest version is refused with 412.",
    answers: { 200: { description: "The commit", schema: schemas.HubCommitted } },
    problems: [412],
    query: schemas.HubCommitQuery,
    body: { "application/x-ndjson": { schema: schemas.HubCommitLine } },
    answer: async ({ c, query, signal }) => {
      const asked = askedOf(c, kind);
      if (query.create_pr !== undefined) throw noBranch("pull requests");
      const checked = async () => {
        const found = await target(c, context, kind);
        checkWrites(c, "save", found.name);
        return found;
      };
      await checked(); // refuses before the body arrives
      const commit = await readCommit(c.request.body);
      await checkStillAllowed(c);
      const { access } = c.info;
      const commitOptions = { find: checked, access, objects: objects(access), signal };
      const saved = await applyCommit(context, commit, commitOptions);
      c.info.version = saved.version;
      const oid = revisionOf(saved);
      const path = kind === "datasets" ? `datasets/${asked.id}` : asked.id;
      const commitUrl = publicUrl(c, `/${path}/commit/${oid}`).href;
      return c.json({ success: true as const, commitOid: oid, commitUrl, hookOutput: "" });
    },
  });
}

/** The client of Xet shows only the URL of an answer that it refuses. */
const USE_LFS = "/api/no-xet-here/set-HF_HUB_DISABLE_XET=1";

/** Reads a commit. Throws `Invalid` if it is not one. */
async function readCommit(sent: ReadableStream<Uint8Array> | null): Promise<Commit> {
  let commit: Commit | undefined;
  const body = await new Response(sent as BodyInit | null).bytes(); // waits for memory, as JSON does
  for await (const line of linesOf(body)) {
    const change = schemas.parseLine(line);
    if (commit === undefined) {
      if (change.key !== "header") break;
      commit = { ...change.value, changes: [] };
    } else if (change.key === "header") throw invalid("it has two headers");
    else if (commit.changes.push(change) > MOST_SENT_FILES) {
      throw invalid(`it has more than ${MOST_SENT_FILES} changes`);
    }
  }
  if (commit === undefined) throw invalid("its first line is not a header");
  return commit;
}

const SLICE_BYTES = 64 * 1024;

/** Yields the lines of a body, without blank ones. Other work goes on between them. */
async function* linesOf(body: Uint8Array) {
  const decoder = new TextDecoder();
  let pieces: string[] = []; // of a line that goes on
  for (let at = 0; at < body.length; at += SLICE_BYTES) {
    const chunk = body.subarray(at, at + SLICE_BYTES);
    const [first = "", ...rest] = decoder.decode(chunk, { stream: true }).split(/\n\s*/);
    pieces.push(first);
    for (const next of rest) {
      yield* written(pieces);
      pieces = [next];
    }
    await giveWay();
  }
  pieces.push(decoder.decode());
  yield* written(pieces);
}

function* written(pieces: readonly string[]): Generator<string> {
  const line = pieces.join("").trim();
  if (line !== "") yield line;
}

function invalid(state: string) {
  const hint = "Send one JSON object in each line, the header first.";
  return fault({ code: "Invalid", action: "read the commit", state, hint });
}

/** Routes check the right to write the name that the repository means. */
function about(id: string, summary: string) {
  return { id, summary, tag: "hub", scope: "save" } as const;
}

function askedOf(c: RouteContext, kind: RepoKind): AskedRepo {
  const { org, repo: lastPart = "", revision = MAIN } = c.params as Record<string, string>;
  if (revision !== MAIN && revision !== HEAD) throw noBranch(JSON.stringify(revision));
  const repo = lastPart.replace(/\.git$/, "");
  return { kind, id: org === undefined ? repo : `${org}/${repo}` };
}

function target(c: RouteContext, context: WriteContext, kind: RepoKind) {
  return targetOf(askedOf(c, kind), context, c.info.access);
}

/** Returns the name to write, and its latest version if there is one. */
async function targetOf(
  asked: AskedRepo,
  { repos, openPages }: WriteContext,
  access: Access,
): Promise<{ name: string; base: ReadablePages | undefined }> {
  try {
    const name = await repos.find(asked, access);
    return { name, base: await openPages({ name, version: "latest" }, access) };
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
    return { name: nameToWrite(asked), base: undefined };
  }
}

/** Files up to this size come in the commit itself, where they need neither Git LFS nor Xet. */
const MOST_REGULAR = 10 * 1024 ** 2;
/** The total of them in one question, which has at most 256 files; a full one may be the first. */
const MOST_TOGETHER = 20 * 1024 ** 2;
const FULL = 256;

/** Returns the objects that a version has. Its pages are read, but not held. */
async function storedAmong(
  asked: readonly { oid: string }[],
  base: ReadablePages | undefined,
): Promise<Set<string>> {
  const wanted = new Set(asked.map(({ oid }) => oid)), stored = new Set<string>();
  const pages = base === undefined ? [] : base.info.files === undefined ? base.pages() : [base];
  for await (const { info: { files = [] } } of pages) {
    for (const { sha256 } of files) if (wanted.has(sha256)) stored.add(sha256);
    if (stored.size === wanted.size) break;
  }
  return stored;
}

interface SentMode {
  path: string;
  uploadMode: "regular" | "lfs";
  shouldIgnore: boolean;
  oid?: string;
}

async function modesOf(
  files: readonly { path: string; size: number }[],
  { kind, base, ignored }: {
    kind: RepoKind;
    base: ReadablePages | undefined;
    ignored: ReadonlySet<string>;
  },
): Promise<SentMode[]> {
  let room = files.length < FULL ? MOST_TOGETHER : MOST_TOGETHER / 8;
  return await Promise.all(files.map(async ({ path, size }): Promise<SentMode> => {
    if (ignored.has(path)) return { path, uploadMode: "regular", shouldIgnore: true };
    // `datasets` deletes its shards before it commits them.
    const isShard = kind === "datasets" && path.endsWith(".parquet");
    const isRegular = !isShard && size <= Math.min(room, MOST_REGULAR);
    if (isRegular) {
      room -= size;
      return { path, uploadMode: "regular", shouldIgnore: false };
    }
    const oid = base && (await fileAt(base, path))?.info.sha256; // the same content is not sent again
    return { path, uploadMode: "lfs", shouldIgnore: false, ...(oid && { oid }) };
  }));
}

function noBranch(subject: string): RegistryError {
  const hint = "Commit to main, and set an alias to the new version.";
  return unsupported("commit to", subject, "a registry has no branches", { hint });
}

function existing(id: string): RegistryError {
  const hint = "Commit the files to it.";
  return alreadyExists("create the repository", JSON.stringify(id), "it exists", { hint });
}

function noSuchKind(type: string): RegistryError {
  const state = "a registry has models and datasets", hint = 'Pass repo_type="model" or "dataset".';
  return unsupported("create a repository of the type", JSON.stringify(type), state, { hint });
}

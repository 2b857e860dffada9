// Versions as folders: read-only WebDAV, class 1 (RFC 4918), below `/dav`. `/dav/NAME/VERSION/…` and
// `/dav/NAME@VERSION/…` are the same files; a version may be a range, an alias or `latest`.
import {
  inTurns,
  invalid,
  isRegistryError,
  nameSegment,
  notFound,
  shown,
} from "../../../core/kernel.ts";
import { Answer, RefusedRequest, route } from "../../../apps/gateways.ts";
import type {
  Access,
  AskedVersion,
  GatewayContext,
  ReadablePages,
  RouteContext,
  Routes,
} from "../../../apps/gateways.ts";
import {
  answerInPlace,
  answerVersionFile,
  isExact,
  nameIn,
  oneBehind,
  publicUrl,
  readableNames,
  whileAllowed,
} from "../../../apps/server/extending.ts";
import { FolderVersions } from "./folder_versions.ts";
import { childrenOf, isFolder } from "./folders.ts";
import { type Child, multistatus, type Resource } from "./multistatus.ts";

const METHODS = "OPTIONS, GET, HEAD, PROPFIND";
const XML = "application/xml; charset=utf-8";

export function davRoutes(routes: Routes, context: GatewayContext): void {
  const find = createFind(context);
  const about = { tag: "dav", scope: "read", paramsOf } as const;
  route(routes, "OPTIONS /dav/:path{[^]*}", {
    ...about,
    id: "davOptions",
    summary: "Returns the methods of WebDAV that the service has",
    answers: { 200: { description: "Headers only" } },
    answer: () => new Answer(null, { headers: { "dav": "1", "allow": METHODS } }),
  });
  route(routes, "PROPFIND /dav/:path{[^]*}", {
    ...about,
    id: "davList",
    summary: "Lists a folder",
    answers: { 207: { description: "The folder and what is in it" } },
    answer: ({ c, access }) => answerPropfind(c, find, access),
  });
  const content = { "*/*": { schema: { type: "string", format: "binary" } } };
  route(routes, "GET /dav/:path{[^]*}", {
    ...about,
    id: "davFile",
    summary: "Reads a file of a version by its path, or a range of it",
    requestHeaders: { range: "One range of bytes, as `bytes=0-99`" },
    answers: {
      200: { description: "The file", content },
      206: { description: "The range", content },
      304: { description: "Not modified" },
    },
    problems: [405, 416],
    answer: async ({ c, access }) => {
      const { content } = await find(c, access);
      if (content === undefined) throw notAFile();
      return await answerVersionFile(c, context, content);
    },
  });
}

/** Splits the path as it was sent: only a `/` ends a segment, never a `%2F`. */
function paramsOf(sent: string): { name?: string; version?: string; path: string } {
  const [, , first, ...rest] = trimmed(sent).split("/").map(decodeURIComponent);
  if (first === undefined) return { path: "" };
  const [, name, version] = /^([^@]*)(?:@(.*))?$/s.exec(first.replaceAll("@@", "/")) ?? [];
  const selector = version ?? rest.shift();
  return {
    name: nameIn(name!),
    ...selector === undefined ? {} : { version: nameIn(selector) },
    path: rest.join("/"),
  };
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, "");
}

async function answerPropfind(c: RouteContext, find: Find, access: Access): Promise<Answer> {
  const depth = c.header("depth")?.toLowerCase() ?? "infinity";
  if (depth === "infinity") return tooDeep();
  if (depth !== "0" && depth !== "1") {
    throw invalid("list a folder", undefined, `the header Depth is ${shown(depth)}`, {
      hint: "Send Depth: 0 or Depth: 1.",
    });
  }
  // Read, so that the connection can be used again, but ignored: see `multistatus`.
  await c.request.body?.pipeTo(new WritableStream());
  return await answerInPlace(c, async () => {
    const resource = await find(c, access);
    const children = depth === "0" ? undefined : resource.children?.();
    const stream = multistatus(trimmed(publicUrl(c, "").pathname), resource, children);
    return new Answer(whileAllowed(c, await oneBehind(stream)), {
      status: 207,
      headers: { "content-type": XML, "cache-control": "no-cache" },
    });
  });
}

interface Found extends Resource {
  /** Of a file. */
  content?: Parameters<typeof answerVersionFile>[2];
  /** Of a folder. */
  children?(): AsyncIterable<Child>;
}

type Find = (c: RouteContext, access: Access) => Promise<Found>;

/** How long an opened version answers the next requests, milliseconds. */
const KEEP_MS = 60_000;
/** The same for aliases and whatever else may change. */
const KEEP_CHANGING_MS = 5000;

function createFind({ registry, openPages, memory }: GatewayContext): Find {
  const folders = memory.of(FolderVersions);
  /** Clients read thousands of files one by one, so the record is not read for each. */
  async function open(asked: AskedVersion, access: Access): Promise<ReadablePages> {
    const { name, version } = asked;
    const known = await folders.get(name, version);
    if (known !== null) {
      const opened = await openPages({ name, ...known }, access).catch((error) => {
        if (!isRegistryError(error, "Conflict", "NotFound")) throw error; // replaced, or deleted
      });
      if (opened !== undefined) return opened;
    }
    const artifact = await openPages(asked, access);
    const { info } = artifact;
    const keepMs = isExact(registry, asked, artifact) ? KEEP_MS : KEEP_CHANGING_MS;
    await folders.set(name, version, { version: info.version, commit: info.commit }, keepMs);
    return artifact;
  }

  async function* namesFor(access: Access): AsyncGenerator<Child> {
    for await (const name of readableNames(registry, access)) yield [nameSegment(name), {}];
  }

  async function* versionsOf(name: string): AsyncGenerator<Child> {
    yield ["latest", {}];
    for await (const { alias } of inTurns(registry.aliases(name))) yield [nameSegment(alias), {}];
    for await (const { version } of inTurns(registry.versions(name))) {
      yield [nameSegment(version), {}];
    }
  }

  async function findName(name: string): Promise<Found> {
    for await (const _ of registry.versions(name, { limit: 1 })) {
      return { children: () => versionsOf(name) };
    }
    throw notFound("list", shown(name), "no such name", { hint: "List the names: PROPFIND /dav/" });
  }

  return async (c, access) => {
    const { name, version, path = "" } = c.params;
    if (name === undefined) return { children: () => namesFor(access) };
    if (version === undefined) return await findName(name);
    const asked = { name, version };
    const artifact = await open(asked, access);
    artifact.checkFiles?.();
    const { info } = artifact;
    const modified = info.createdAt;
    const children = () => childrenOf(artifact, path, modified);
    if (await isFolder(artifact, path)) return { modified, children };
    const file = await artifact.file(path);
    if (file.info.mode === "folder") return { modified, children };
    if (file.info.mode === "link") {
      throw notFound("read", shown(path), "WebDAV has no symbolic links", {
        hint: "Read the file that it leads to, or download the version.",
      });
    }
    const exact = isExact(registry, asked, artifact);
    return { modified, file: file.info, content: { artifact, file, exact, fixed: false } };
  };
}

/** The answer of section 9.1 to a client that would list a whole tree at once. */
function tooDeep(): Answer {
  const body = '<?xml version="1.0" encoding="utf-8"?>\n' +
    '<D:error xmlns:D="DAV:"><D:propfind-finite-depth/></D:error>\n' +
    "<!-- Send Depth: 0 or Depth: 1. -->\n";
  return new Answer(body, { status: 403, headers: { "content-type": XML } });
}

function notAFile(): RefusedRequest {
  return new RefusedRequest({
    status: 405,
    code: "Invalid",
    action: "read a file",
    state: "the path is a folder",
    hint: "List it with PROPFIND, or read a file in it.",
    headers: { "allow": "OPTIONS, PROPFIND" },
  });
}

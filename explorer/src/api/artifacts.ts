// Names, versions and files of the service.
import type { OnWire } from "../../../core/kinds.ts";
import type { ArtifactInfo } from "../../../core/artifact.ts";
import { nameSegment } from "../../../core/naming/names.ts";
import { splitRef } from "../framework/router.ts";
import type { ArtifactFile, ArtifactVersion } from "../artifact_file.ts";
import { type Service, ServiceError } from "./service.ts";

export interface ListedVersion {
  readonly name: string;
  readonly version: string;
  readonly modifiedAt: string;
  readonly info?: ListedInfo;
  readonly error?: { detail: string };
}

/** The person or program that saved or changed something. With a token, a service checked it. */
export interface Author {
  readonly name: string;
  readonly token?: string;
}

/** The members of a version that listings ask for. */
export type ListedInfo =
  & Pick<VersionInfo, "size" | "createdAt" | "materializer" | "annotations">
  & { metadata?: VersionInfo["metadata"]; files: { readonly length: number } };

type PlainFacts = "name" | "version" | "commit" | "digest" | "size" | "createdAt" | "by";

export interface VersionInfo extends Pick<OnWire<ArtifactInfo>, PlainFacts | "metadata"> {
  readonly materializer: { id: string };
  /** Absent if there are none. */
  readonly annotations?: { notes?: string; labels: Record<string, unknown> };
  readonly inputs: readonly (string | { ref: string })[];
  readonly files: readonly { path: string; size: number; sha256: string; mediaType?: string }[];
}

/** Returns true for the file that introduces a version. */
export function isCard(path: string): boolean {
  return /^readme\.md$/i.test(path);
}

export function namePath(name: string): string {
  return `artifacts/${nameSegment(name)}`;
}

/** Returns the path of a version, or of a member of a release: `production/model` of `serving`. */
export function versionPath(name: string, version: string): string {
  const [own = "", member] = version.split(/\/(.*)/s);
  const path = `${namePath(name)}/versions/${nameSegment(own)}`;
  return member === undefined ? path : `${path}/members/${nameSegment(member)}`;
}

export async function openVersion(
  service: Service,
  { name, version }: { name: string; version: string },
  signal?: AbortSignal,
): Promise<ArtifactVersion> {
  const [release = "", member] = version.split(/\/(.*)/s);
  if (member !== undefined && !service.isSite) {
    const found = await memberOf(service, { name, release, member }, signal);
    return await openVersion(service, found, signal);
  }
  const path = versionPath(name, version);
  return versionOf(service, await service.json<VersionInfo>(path, { signal }));
}

/** Finds the version that is a member. The page does not follow redirects, as it has a token. */
async function memberOf(
  service: Service,
  { name, release, member }: Record<"name" | "release" | "member", string>,
  signal?: AbortSignal,
): Promise<{ name: string; version: string }> {
  type Member = { ref: string; state: "present" | "missing" | "changed" };
  const path = `${versionPath(name, release)}/members`;
  const { members } = await service.json<{ members: Record<string, Member> }>(path, {
    signal,
  });
  const found = new Map(Object.entries(members)).get(member);
  if (found?.state === "present") return { version: "latest", ...splitRef(found.ref) };
  const reason = found === undefined
    ? "no such member"
    : `its version ${found.state === "missing" ? "was deleted" : "has changed"}`;
  throw new ServiceError(404, `Cannot find "${name}@${release}/${member}": ${reason}`);
}

/** Returns the ref of the version that is a member of a release; another ref as it is. */
export async function exactRef(service: Service, ref: string, signal?: AbortSignal) {
  const { name, version = "" } = splitRef(ref);
  if (!version.includes("/")) return ref;
  const opened = await openVersion(service, { name, version }, signal);
  return `${opened.name}@${opened.version}`;
}

function versionOf(service: Service, info: VersionInfo): ArtifactVersion {
  const { name, version, commit, digest, size, createdAt, by, metadata } = info;
  const about = { name, version, commit, digest, size, createdAt, by, metadata };
  const inputs = info.inputs.map((input) => typeof input === "string" ? input : input.ref);
  const files = info.files.map((file) => servedFile(service, info, file));
  return { ...about, materializer: info.materializer.id, inputs, files };
}

function servedFile(
  service: Service,
  { name, version, commit }: VersionInfo,
  { path, size, sha256, mediaType = "application/octet-stream" }: VersionInfo["files"][number],
): ArtifactFile {
  const query = { commit };
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  const place = `${namePath(name)}/versions/${nameSegment(version)}`;
  const from = `${place}/files/${encoded}`;
  const readInto = async (part: Uint8Array, offset: number, isRange: boolean, got: Got) => {
    const headers = isRange ? { range: `bytes=${offset}-${offset + part.length - 1}` } : undefined;
    const response = await service.ask(from, { query, headers, signal: got.signal });
    await readPart(response, part, response.status === 206 ? 0 : offset, got);
  };
  const read = async (offset: number, length: number, signal?: AbortSignal) => {
    const part = new Uint8Array(Math.max(0, Math.min(offset + length, size) - offset));
    if (part.length === 0) return part;
    const isRange = part.length < size;
    const got = { signal, bytes: 0 };
    try {
      await readInto(part, offset, isRange, got);
    } catch (error) {
      if (signal?.aborted || service.isSite || !isBroken(error)) throw error;
      await readAgain(part, offset, isRange ? got.bytes : 0);
    }
    return part;

    /**
     * Reads a part whose answer broke, to find out why. Of a range, each byte is verified before it
     * is sent, and an error before the first byte has its reason: damage, or the service is gone.
     */
    async function readAgain(part: Uint8Array, offset: number, known: number): Promise<void> {
      const rest = { signal, bytes: 0 };
      try {
        await readInto(part.subarray(known), offset + known, true, rest);
      } catch (error) {
        if (signal?.aborted || !isBroken(error) || rest.bytes === 0) throw error;
        await readAgain(part, offset, known + rest.bytes);
      }
    }
  };
  return {
    ref: `${name}@${version}`,
    path,
    size,
    digest: sha256,
    mediaType,
    url: service.url(from, query),
    read,
    async chunks(signal) {
      if (service.isSite) return undefined;
      try {
        const answer = await service.ask(`${place}/chunks/${encoded}`, { query, signal });
        return new Uint8Array(await answer.arrayBuffer());
      } catch (error) {
        if ((error as ServiceError).status === 404) return undefined;
        throw error;
      }
    },
    async text(maxBytes, signal) {
      const bytes = await read(0, maxBytes, signal);
      const truncated = bytes.length < size;
      // A cut character at the end is left out.
      return { text: new TextDecoder().decode(bytes, { stream: truncated }), truncated };
    },
  };
}

/** Progress of a read. */
interface Got {
  readonly signal?: AbortSignal;
  /** Bytes of the part that are there. */
  bytes: number;
}

/** True if there was no answer, or it broke. A problem document has a status. */
function isBroken(error: unknown): boolean {
  return !(error instanceof ServiceError) || error.status === 0;
}

/** Reads a part of a body, and no more: servers of files may ignore ranges. */
async function readPart(response: Response, part: Uint8Array, begin: number, got: Got) {
  let at = -begin;
  for await (const bytes of response.body ?? []) {
    const from = Math.max(0, -at);
    const to = Math.min(bytes.length, part.length - at);
    if (to > from) part.set(bytes.subarray(from, to), at + from);
    at += bytes.length;
    got.bytes = Math.max(0, Math.min(at, part.length));
    if (at >= part.length) return; // leaving the loop cancels the rest
  }
  throw new ServiceError(0, "Cannot read the file: the response ended early", {
    hint: "Reload the page.",
  });
}

// Versions and their files as resources: `holdfast://team%3Amodel@1.0.0/config/model.yaml`.
import { Buffer, isUtf8 } from "node:buffer";
import type { Registry } from "../../../mod.ts";
import { invalid, isRegistryError, unsupported } from "../../../core/kernel.ts";
import { listFiles, openPages } from "../../../registry/mod.ts";
import type { CompleteRequestParams } from "npm:@modelcontextprotocol/server@^2.4.0";

/** The URIs of resources, RFC 6570. A version may be an alias. */
export const TEMPLATES = [
  { name: "version", uriTemplate: "holdfast://{name}@{version}", mimeType: "application/json" },
  { name: "file", uriTemplate: "holdfast://{name}@{version}/{+path}" },
];

export function uriOf(
  { name, version, path }: { name: string; version: string; path?: string },
): string {
  const parts = [`${encodeURIComponent(name)}@${encodeURIComponent(version)}`];
  return `holdfast://${parts.concat(path?.split("/").map(encodeURIComponent) ?? []).join("/")}`;
}

function parseUri(uri: string): [name: string, version: string, path?: string] {
  try {
    const [, ...parts] = /^holdfast:\/\/([^@/]+)@([^/]+)(?:\/(.+))?$/.exec(uri) ?? [];
    const [name, version, path] = parts.map((part) => part && decodeURIComponent(part));
    if (name && version) return [name, version, path];
  } catch { // reported below
  }
  throw invalid("read", JSON.stringify(uri.slice(0, 200)), "not a URI of a version", {
    hint: `Write ${TEMPLATES.map((each) => each.uriTemplate).join(" or ")}, percent-encoded.`,
  });
}

const PAGE = 100;
const MOST_BYTES = 4 * 1024 * 1024;

/** Lists the latest version of each name. */
export async function listResources(
  registry: Registry,
  { cursor: after }: { cursor?: string } = {},
) {
  const names = await Array.fromAsync(registry.names({ after, limit: PAGE + 1 }));
  const shown = names.slice(0, PAGE);
  const resources = shown.map((name) => ({
    name,
    uri: uriOf({ name, version: "latest" }),
    mimeType: "application/json",
  }));
  return { resources, nextCursor: names.length > PAGE ? shown.at(-1) : undefined };
}

/** Completes a variable of a template; to nothing in a name that the client may not read. */
export async function complete(
  registry: Registry,
  { argument: { name: variable, value }, context }: CompleteRequestParams,
) {
  const { name = "", version } = context?.arguments ?? {};
  async function candidates(): Promise<string[]> {
    if (variable === "name") {
      return await Array.fromAsync(registry.names({ prefix: value, limit: PAGE + 1 }));
    }
    if (variable === "path") {
      const paths: string[] = [];
      for await (const { path } of listFiles(registry, name, { version, prefix: value })) {
        if (paths.push(path) > PAGE) break;
      }
      return paths;
    }
    const aliases = await Array.fromAsync(registry.aliases(name), ({ alias }) => alias);
    const versions = registry.versions(name, { limit: 1000 });
    return ["latest", ...aliases, ...await Array.fromAsync(versions, ({ version }) => version)];
  }
  const all = await candidates().catch((error) => {
    if (!isRegistryError(error, "NotFound", "Denied", "Invalid")) throw error;
    return [];
  });
  const values = all.filter((each) => each.startsWith(value));
  return { completion: { values: values.slice(0, PAGE), hasMore: values.length > PAGE } };
}

export async function readResource(registry: Registry, { uri: asked }: { uri: string }) {
  const [name, version, path] = parseUri(asked);
  const artifact = await openPages(registry, name, { version });
  // Of an alias or `latest`, the answered URI has the version: its files are read by other requests.
  const uri = uriOf({ name, version: artifact.info.version, path });
  if (path === undefined) {
    const { info, count } = artifact;
    const text = JSON.stringify(info.files === undefined ? { ...info, fileCount: count } : info);
    return { contents: [{ uri, mimeType: "application/json", text }] };
  }
  const file = await artifact.file(path);
  const { mediaType: mimeType, size } = file.info;
  if (size > MOST_BYTES) {
    throw unsupported("read", JSON.stringify(uri), `too large to read at once: ${size} bytes`, {
      hint: "Call read_file, which reads it in parts.",
    });
  }
  const bytes = await file.bytes();
  if (isUtf8(bytes)) {
    return { contents: [{ uri, mimeType, text: Buffer.from(bytes).toString() }] };
  }
  return { contents: [{ uri, mimeType, blob: Buffer.from(bytes).toString("base64") }] };
}

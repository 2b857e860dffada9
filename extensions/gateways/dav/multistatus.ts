// Answers to PROPFIND (RFC 4918, section 9.1), as streams.
import type { ArtifactInfo } from "../../../mod.ts";
import { contentType, etagOf, textOf } from "../../../apps/server/extending.ts";

type FileInfo = ArtifactInfo["files"][number];

/** A file or a folder. */
export interface Resource {
  /** Absent for a folder. */
  file?: FileInfo;
  modified?: Date;
}

/** A resource and its encoded name. */
export type Child = readonly [segment: string, Resource];

/**
 * Returns a resource and its children with all their properties. Requests are not parsed as XML: a
 * client that names some properties accepts more of them (section 9.1, `allprop`).
 *
 * @param path encoded, without a slash at its end
 */
export function multistatus(
  path: string,
  resource: Resource,
  children: AsyncIterable<Child> | readonly Child[] = [],
): ReadableStream<Uint8Array> {
  return textOf(parts(), (text) => text);

  async function* parts(): AsyncGenerator<string> {
    yield '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">\n';
    yield response(path, resource);
    for await (const [segment, child] of children) yield response(`${path}/${segment}`, child);
    yield "</D:multistatus>\n";
  }
}

function response(path: string, { file, modified }: Resource): string {
  const properties = file === undefined
    ? "<D:resourcetype><D:collection/></D:resourcetype>"
    : "<D:resourcetype/>" +
      property("getcontentlength", String(file.size)) +
      property("getcontenttype", contentType(file.path, file.mediaType)) +
      property("getetag", etagOf(file));
  const date = modified === undefined ? "" : property("getlastmodified", modified.toUTCString());
  return `<D:response>${property("href", file === undefined ? `${path}/` : path)}` +
    `<D:propstat><D:prop>${properties}${date}</D:prop>` +
    "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n";
}

function property(name: string, value: string): string {
  return `<D:${name}>${value.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`)}</D:${name}>`;
}

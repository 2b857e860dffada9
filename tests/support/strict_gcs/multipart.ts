// `multipart/related` bodies: the resource of an object, then its bytes.
import { Buffer } from "node:buffer";
import { GcsFailure } from "./gcs_failure.ts";

export interface MultipartObject {
  resource: Record<string, unknown>;
  bytes: Uint8Array;
  contentType?: string;
}

/** Takes a body apart, to the letter of RFC 2046. */
export function multipartObject(
  contentType: string | undefined,
  body: Uint8Array,
): MultipartObject {
  const boundary = /^multipart\/related;\s*boundary="?([^"]+?)"?$/.exec(contentType ?? "")?.[1];
  const refuse = () => new GcsFailure(400, "badContent", "Malformed multipart body.");
  if (boundary === undefined) throw refuse();
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const ends: number[] = [];
  const mark = Buffer.from(`--${boundary}`);
  for (let at = buffer.indexOf(mark); at >= 0; at = buffer.indexOf(mark, at + 1)) ends.push(at);
  if (ends.length !== 3 || ends[0] !== 0) throw refuse();
  const [first, second] = [0, 1].map((part) => {
    const whole = buffer.subarray(ends[part] + mark.length + 2, ends[part + 1] - 2);
    const head = whole.indexOf("\r\n\r\n");
    if (head < 0) throw refuse();
    const type = /^content-type:\s*(.+)$/im.exec(whole.subarray(0, head).toString())?.[1]?.trim();
    return { type, content: whole.subarray(head + 4) };
  });
  if (!first.type?.startsWith("application/json")) throw refuse();
  const resource = JSON.parse(first.content.toString());
  return { resource, bytes: Uint8Array.from(second.content), contentType: second.type };
}

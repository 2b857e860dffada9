// Text as a stream of bytes and back: strict, piece by piece.
import { concatBytes } from "../../core/bytes/bytes.ts";
import { shortOrStream } from "./short_or_stream.ts";
import type { RegistryError } from "../../core/errors.ts";

/** Pieces of text are joined up to this many characters before they are encoded. */
const CHUNK_CHARACTERS = 65_536;

const encoder = new TextEncoder();

interface DecodeTextOptions {
  /** Accepts UTF-16 with a byte order mark. @default false */
  utf16?: boolean;
  /** Makes the error of text that is not valid. */
  refuse(state: string, cause: unknown): RegistryError;
  signal?: AbortSignal;
}

/** Decodes UTF-8 and drops its byte order mark. */
export function decodeUtf8(bytes: Uint8Array, refuse: DecodeTextOptions["refuse"]): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse("text is not UTF-8", cause);
  }
}

/** Decodes a stream of UTF-8 and drops its byte order mark. Errors of the stream are rethrown. */
export async function* decodeText(
  stream: ReadableStream<Uint8Array>,
  { utf16 = false, refuse, signal }: DecodeTextOptions,
): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let encoding = "utf-8";
  let offset = 0; // of what is decoded
  function decode(chunk?: Uint8Array): string {
    decoder ??= new TextDecoder(encoding, { fatal: true });
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      const place = chunk === undefined
        ? "at its end"
        : `in bytes ${offset} to ${offset + chunk.byteLength}`;
      throw refuse(`text is not ${encoding.toUpperCase()}, ${place}`, cause);
    } finally {
      offset += chunk?.byteLength ?? 0;
    }
  }

  let start: Uint8Array = new Uint8Array(); // too few bytes for a byte order mark
  for await (const chunk of readChunks(stream, signal)) {
    let next = chunk;
    if (decoder === undefined) {
      next = start = concatBytes([start, chunk]);
      if (start.byteLength < 2) continue;
      if (utf16 && start[0] === 0xff && start[1] === 0xfe) encoding = "utf-16le";
      if (utf16 && start[0] === 0xfe && start[1] === 0xff) encoding = "utf-16be";
    }
    const text = decode(next);
    if (text !== "") yield text;
  }
  const lastText = (decoder === undefined ? decode(start) : "") + decode();
  if (lastText !== "") yield lastText;
}

/** Yields the chunks of a stream, and cancels it on an abort or when the reader stops. */
async function* readChunks(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  const cancel = () => reader.cancel(signal?.reason).catch(() => {}); // read() throws the failure
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    await cancel();
    reader.releaseLock();
  }
}

/** A line of text with its number, from 1. */
interface TextLine {
  text: string;
  line: number;
}

/** Splits text into lines, each up to `maxCharacters`. The last one needs no line feed. */
export async function* splitLines(
  pieces: AsyncIterable<string>,
  { maxCharacters, refuse }: { maxCharacters: number; refuse(line: number): RegistryError },
): AsyncGenerator<TextLine> {
  let line = 1;
  let open: string[] = []; // pieces of the current line
  let length = 0;
  function take(piece: string): void {
    length += piece.length;
    if (length > maxCharacters) throw refuse(line);
    open.push(piece);
  }

  for await (const piece of pieces) {
    let from = 0;
    for (let end; (end = piece.indexOf("\n", from)) >= 0; from = end + 1) {
      take(piece.slice(from, end));
      yield { text: open.join(""), line };
      line++;
      open = [];
      length = 0;
    }
    take(piece.slice(from));
  }
  if (length > 0) yield { text: open.join(""), line };
}

/** Encodes well-formed text: in memory if it is short, else as a stream that pulls later pieces. */
export async function encodeText(
  pieces: Iterable<string> | AsyncIterable<string>,
): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  return await shortOrStream(encodeChunks(pieces));
}

async function* encodeChunks(
  pieces: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<Uint8Array> {
  let open: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    open.push(piece);
    length += piece.length;
    if (length < CHUNK_CHARACTERS) continue;
    yield encoder.encode(open.join(""));
    open = [];
    length = 0;
  }
  if (length > 0) yield encoder.encode(open.join(""));
}

// Reads headers of files by ranges, within limits: a hostile header ends the read with an error.
import type { RegistryError } from "../../../../core/kernel.ts";
import { corrupt, fault } from "../../../../core/errors.ts";
import type { FileToRead } from "../../extending.ts";

/** Bytes of the first request at a place. Requests of bytes that follow double. */
const FIRST_BYTES = 16 * 1024;
const MOST_BYTES = 1024 * 1024;
const KEPT_WINDOWS = 64;
/** Values of a header. Real ones have fewer than a million. */
const MAX_VALUES = 1_000_000;
/** After so many values, other work of the page has its turn. */
const VALUES_AT_ONCE = 10_000;

export interface HeaderLimits {
  /** Bytes of all requests. @default 64 MiB */
  readonly maxBytes?: number;
  /** @default 2,000 */
  readonly maxRequests?: number;
}

interface Window {
  readonly from: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The bytes of a file around the places that are asked for. */
export class HeaderReader {
  readonly #file: FileToRead;
  readonly #signal: AbortSignal | undefined;
  /** The last used is the last. */
  readonly #windows: Window[] = [];
  #bytesLeft: number;
  #requestsLeft: number;
  #values = 0;

  constructor(
    file: FileToRead,
    signal?: AbortSignal,
    { maxBytes = 64 * 1024 * 1024, maxRequests = 2000 }: HeaderLimits = {},
  ) {
    this.#file = file;
    this.#signal = signal;
    this.#bytesLeft = maxBytes;
    this.#requestsLeft = maxRequests;
  }

  get size(): number {
    return this.#file.size;
  }

  /** Returns a range; `Corrupt` if it is not in the file. */
  async bytes(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const isInside = Number.isSafeInteger(offset) && offset >= 0 && length >= 0 &&
      offset + length <= this.size;
    if (this.size === 0) throw this.damaged("it is empty");
    if (!isInside) throw this.damaged(`it refers to ${length} bytes at ${offset}`);
    if (++this.#values > MAX_VALUES) throw this.refused("its header has too many values");
    if (this.#values % VALUES_AT_ONCE === 0) await this.#pause();
    const { from, bytes } = this.#windowOf(offset, length) ?? await this.#read(offset, length);
    return bytes.subarray(offset - from, offset - from + length);
  }

  async view(offset: number, length: number): Promise<DataView<ArrayBuffer>> {
    const { buffer, byteOffset } = await this.bytes(offset, length);
    return new DataView(buffer, byteOffset, length);
  }

  damaged(state: string): RegistryError {
    const hint = "Save the file again, or open an older version.";
    return corrupt("read the header of", this.#file.path, state, { hint });
  }

  refused(state: string): RegistryError {
    const hint = "Download the file to read it with its own program.";
    const { path: subject } = this.#file;
    return fault({ code: "Unsupported", action: "read the header of", subject, state, hint });
  }

  async #pause(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.#signal?.throwIfAborted();
  }

  #windowOf(offset: number, length: number): Window | undefined {
    const hasRange = ({ from, bytes }: Window) =>
      from <= offset && offset + length <= from + bytes.byteLength;
    const at = this.#windows.findLastIndex(hasRange);
    if (at < 0 || at === this.#windows.length - 1) return this.#windows[at];
    const [window] = this.#windows.splice(at, 1) as [Window];
    this.#windows.push(window);
    return window;
  }

  async #read(offset: number, length: number): Promise<Window> {
    const last = this.#windows.at(-1);
    const isNext = last !== undefined && offset >= last.from &&
      offset <= last.from + last.bytes.byteLength;
    const usual = isNext ? Math.min(MOST_BYTES, last.bytes.byteLength * 2) : FIRST_BYTES;
    const count = Math.min(this.size - offset, Math.max(length, usual));
    this.#bytesLeft -= count;
    if (this.#bytesLeft < 0 || this.#requestsLeft-- <= 0) {
      throw this.refused("its header is too large to show");
    }
    const bytes = await this.#file.read(offset, count, this.#signal);
    this.#signal?.throwIfAborted();
    if (bytes.byteLength < count) throw this.damaged("it is truncated");
    const window = { from: offset, bytes };
    this.#windows.push(window);
    if (this.#windows.length > KEPT_WINDOWS) this.#windows.shift();
    return window;
  }
}

/** Reads UTF-8. Bytes that are not are replaced. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

// Fields of a protobuf message in a file (https://protobuf.dev/programming-guides/encoding/).
// Values of any length are skipped without being read.
import type { FileToDecode } from "../../core/file_store.ts";
import { openWindow } from "../content/window.ts";
import { corrupt } from "./faults.ts";

/** A field: a number, or where its bytes are. */
export interface ProtoField {
  readonly number: number;
  /** The value of a varint, cut to a safe integer. */
  readonly value?: number;
  /** The bytes of a string, bytes or message. */
  readonly range?: ProtoRange;
}

export interface ProtoRange {
  readonly from: number;
  readonly to: number;
}

/** Bytes that are read at once. */
const AHEAD_BYTES = 65_536;
/** Longest string that is read. */
const MAX_STRING_BYTES = 65_536;
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** Reads messages of one file, front to back. */
export class ProtoReader {
  readonly whole: ProtoRange;
  readonly #path: string;
  readonly #read: ReturnType<typeof openWindow>;

  constructor(file: FileToDecode, signal?: AbortSignal) {
    this.whole = { from: 0, to: file.size };
    this.#path = file.path;
    const refuse = (state: string) => corrupt(file.path, state);
    this.#read = openWindow(file, { end: file.size, aheadBytes: AHEAD_BYTES, refuse, signal });
  }

  /** Yields the fields of a message. Read what is in a field before the next one. */
  async *fields({ from, to }: ProtoRange): AsyncGenerator<ProtoField> {
    for (let at = from; at < to;) {
      const tag = await this.#varint(at, to);
      const number = Math.floor(tag.value / 8);
      const wire = tag.value % 8;
      if (number === 0) throw this.#refuse(at, "invalid field number 0");
      if (wire === 0) {
        const { value, end } = await this.#varint(tag.end, to);
        yield { number, value };
        at = end;
      } else if (wire === 2) {
        const length = await this.#varint(tag.end, to);
        at = length.end + length.value;
        if (at > to) {
          const left = to - length.end;
          throw this.#refuse(tag.end, `length ${length.value}, ${left} bytes are left`);
        }
        yield { number, range: { from: length.end, to: at } };
      } else {
        const size = FIXED[wire];
        if (size === undefined) throw this.#refuse(at, `invalid wire type ${wire}`);
        at = tag.end + size;
        if (at > to) {
          throw this.#refuse(tag.end, `${size} bytes expected, ${to - tag.end} are left`);
        }
        yield { number };
      }
    }
  }

  /** Reads a string, cut if it is very long. */
  async text({ from, to }: ProtoRange): Promise<string> {
    const length = Math.min(to - from, MAX_STRING_BYTES);
    return length === 0 ? "" : new TextDecoder().decode(await this.#read(from, length));
  }

  /** Yields the numbers of a repeated field, packed or not. */
  async *numbers({ value, range }: ProtoField): AsyncGenerator<number> {
    if (value !== undefined) yield value;
    for (let at = range?.from ?? 0; at < (range?.to ?? 0);) {
      const next = await this.#varint(at, range!.to);
      yield next.value;
      at = next.end;
    }
  }

  /** Reads a varint; numbers beyond 2^53 become inexact, negative ones very large. */
  async #varint(at: number, to: number): Promise<{ value: number; end: number }> {
    const bytes = await this.#read(at, Math.min(10, to - at));
    let value = 0;
    for (let i = 0; i < bytes.byteLength; i++) {
      value += (bytes[i]! & 0x7f) * 2 ** (7 * i);
      if (bytes[i]! < 0x80) return { value, end: at + i + 1 };
    }
    throw this.#refuse(at, bytes.byteLength < 10 ? "it is truncated" : "a number has no end");
  }

  #refuse(at: number, state: string) {
    return corrupt(this.#path, `at byte ${at}: ${state}`);
  }
}

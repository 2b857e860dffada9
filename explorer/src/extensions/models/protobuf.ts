// The wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding): fields of
// a message, one after the other, within a range of a file.
import type { HeaderReader } from "./header_reader.ts";

export interface ProtoField {
  readonly number: number;
  /** Of a number; of bytes their length. */
  readonly value: number;
  /** Position of the bytes of a field with bytes. */
  readonly at: number;
  readonly hasBytes: boolean;
}

/** Bytes that hold a tag and a length: two numbers of up to ten bytes. */
const MAX_TAG_BYTES = 20;

/** Yields the fields of a message. The bytes of fields are not read. */
export async function* fieldsOf(
  reader: HeaderReader,
  begin: number,
  length: number,
): AsyncGenerator<ProtoField> {
  const end = begin + length;
  for (let at = begin; at < end;) {
    const bytes = await reader.bytes(at, Math.min(MAX_TAG_BYTES, end - at));
    const tag = varintOf(bytes, 0);
    if (tag === undefined) throw reader.damaged(`invalid field at ${at}`);
    const [number, wire] = [Math.floor(tag.value / 8), tag.value % 8];
    const next = tag.end;
    const field = { number, at: at + next, value: 0, hasBytes: false };
    if (wire === 0 || wire === 2) {
      const read = varintOf(bytes, next);
      if (read === undefined) throw reader.damaged(`invalid field at ${at}`);
      const hasBytes = wire === 2;
      const after = at + read.end;
      at = hasBytes ? after + read.value : after;
      if (hasBytes && !(read.value >= 0 && at <= end)) {
        throw reader.damaged(`a field at ${after} has ${read.value} bytes`);
      }
      yield { ...field, at: after, value: read.value, hasBytes };
    } else if (wire === 1 || wire === 5) {
      at += next + (wire === 1 ? 8 : 4);
      yield field;
    } else {
      throw reader.damaged(`a field at ${at} has the type ${wire}`);
    }
  }
}

/** Reads a number of up to 64 bits, two's complement, exact up to 2^53. */
function varintOf(bytes: Uint8Array, from: number): { value: number; end: number } | undefined {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[from + i];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value: Number(BigInt.asIntN(64, value)), end: from + i + 1 };
  }
}

// Messages of protocol buffers, by the numbers of their fields: protobuf.dev/programming-guides/encoding
import { Buffer } from "node:buffer";
import { corrupt } from "../../../core/kernel.ts";

/** Fields of one message: those of a small message take about 100 bytes of memory each. */
const MOST_FIELDS = 1_000_000;

/** Fields of a message, by their numbers. */
export type Message = ReadonlyMap<number, readonly (bigint | Uint8Array)[]>;

/** Returns the fields of a message. Throws for other bytes. */
export function messageIn(bytes: Uint8Array): Message {
  const fields = new Map<number, (bigint | Uint8Array)[]>();
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength); // faster than a Buffer
  let at = 0, count = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = view[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw damaged("a number is cut");
  };
  while (at < view.length) {
    if (++count > MOST_FIELDS) throw damaged(`it has more than ${MOST_FIELDS} fields`);
    const key = varint(), wire = Number(key & 7n), field = Number(key >> 3n);
    const values = fields.get(field) ?? [];
    fields.set(field, values);
    if (wire === 0) values.push(varint());
    else {
      const length = wire === 2 ? Number(varint()) : wire === 1 ? 8 : wire === 5 ? 4 : Infinity;
      if (at + length > view.length) throw damaged("a field is cut");
      values.push(view.subarray(at, at + length));
      at += length;
    }
  }
  return fields;
}

export function messagesOf(message: Message | undefined, field: number): Message[] {
  return (message?.get(field) ?? []).map((value) => {
    if (typeof value === "bigint") throw damaged("a message is a number");
    return messageIn(value);
  });
}

export function textsOf(message: Message | undefined, field: number): string[] {
  return (message?.get(field) ?? []).map((value) =>
    typeof value === "bigint" ? `${value}` : Buffer.from(value).toString()
  );
}

export function textOf(message: Message | undefined, field: number): string {
  return textsOf(message, field).at(-1) ?? "";
}

/** Returns an integer; undefined if it is absent. */
export function integerOf(message: Message | undefined, field: number): number | undefined {
  const value = message?.get(field)?.at(-1);
  return typeof value === "bigint" ? Number(BigInt.asIntN(64, value)) : undefined;
}

/** Returns floating-point numbers of 4 or 8 bytes, also packed ones. */
export function floatsOf(message: Message | undefined, field: number, size: 4 | 8): number[] {
  const numbers: number[] = [];
  for (const value of message?.get(field) ?? []) {
    if (typeof value === "bigint") continue;
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    for (let at = 0; at + size <= value.length; at += size) {
      numbers.push(size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true));
    }
  }
  return numbers;
}

function damaged(state: string): Error {
  return corrupt("read", "a message", state);
}

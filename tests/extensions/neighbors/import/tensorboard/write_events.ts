// Event files, as TensorBoard's writers write them. Others are in judge.py.
import { Buffer } from "node:buffer";
import { crc32c } from "../../../../../core/bytes/digest.ts";
import { type Field, message } from "../wandb/write_wandb.ts";

function summed(bytes: Buffer): Buffer {
  const sum = crc32c(bytes), masked = Buffer.alloc(4);
  masked.writeUInt32LE(((sum >>> 15 | sum << 17) + 0xa282ead8) >>> 0);
  return Buffer.concat([bytes, masked]);
}

/** Returns a record with a message, or with the length alone. */
export function record(data: Buffer, length = data.length): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(length));
  return Buffer.concat([summed(head), length === data.length ? summed(data) : data]);
}

/** Returns fields of a fixed width: `message` has none. */
function fixed(number: number, value: number, size: 4 | 8): Buffer {
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = number * 8 + (size === 4 ? 5 : 1);
  if (size === 4) bytes.writeFloatLE(value, 1);
  else bytes.writeDoubleLE(value, 1);
  return bytes;
}

export function event(seconds: number, step: number, ...fields: Field[]): Buffer {
  return record(Buffer.concat([
    fixed(1, 1_700_000_000 + seconds, 8),
    message([2, step], ...fields),
  ]));
}

export function scalar(seconds: number, step: number, value: number, tag = "loss"): Buffer {
  const body = Buffer.concat([message([1, tag]), fixed(2, value, 4)]);
  return event(seconds, step, [5, message([1, body])]);
}

export const FIRST = event(0, 0, [3, "brain.Event:2"]);
export const RECORDS = [FIRST, scalar(1, 1, 0.5), scalar(2.5, 2, 0.25)];

export function eventFile(records: readonly Buffer[] = RECORDS): Record<string, Buffer> {
  return { "logs/train/events.out.tfevents.1700000000.host.1.0": Buffer.concat(records) };
}

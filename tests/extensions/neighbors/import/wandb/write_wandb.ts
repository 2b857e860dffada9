// Folders of runs, as W&B's client writes them.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export type Field = [number: number, value: number | string | Buffer];

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value;; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push(rest % 128 + 128);
  }
}

export function message(...fields: Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([number, value]) => {
    if (typeof value === "number") return [varint(number * 8), varint(value)];
    const bytes = Buffer.from(value);
    return [varint(number * 8 + 2), varint(bytes.length), bytes];
  }));
}

/** Returns the file of records, as W&B writes it. */
export function log(records: readonly Buffer[]): Buffer {
  const file: Buffer[] = [Buffer.from(":W&B\xe1\xbe\0", "latin1")];
  let at = 7;
  const add = (bytes: Buffer) => {
    file.push(bytes);
    at += bytes.length;
  };
  for (const record of records) {
    for (let from = 0, isFirst = true; isFirst || from < record.length; isFirst = false) {
      if (32768 - at % 32768 < 7) add(Buffer.alloc(32768 - at % 32768));
      const data = record.subarray(from, from + 32768 - at % 32768 - 7);
      from += data.length;
      const kind = isFirst ? from === record.length ? 1 : 2 : from === record.length ? 4 : 3;
      const body = Buffer.concat([Buffer.from([kind]), data]);
      const head = Buffer.alloc(6);
      head.writeUInt32LE(crc32(body));
      head.writeUInt16LE(data.length, 4);
      add(Buffer.concat([head, body]));
    }
  }
  return Buffer.concat(file);
}

export const item = (key: string, json: string): Field => [1, message([1, key], [16, json])];
export const run = (project = "digits"): Buffer =>
  message([
    17,
    message([1, "abc"], [3, project], [8, "first"], [10, "x"], [17, message([1, 1_700_000_000])]),
  ]);
const config = message([
  5,
  message(
    ...[item("lr", "0.1"), item("opt", '{"name":"sgd"}'), item("_wandb", "{}")],
    ...[item("by", '"constructor"'), item("most", "Infinity")],
  ),
]);
export const step = (number: number, loss: string): Buffer =>
  message([
    2,
    message(
      [1, message([2, "loss"], [16, loss])],
      item("_timestamp", `${1_700_000_000 + number}.5`),
      item("text", '"x"'),
      [2, message([1, number])],
    ),
  ]);
export const artifact = message([8, message([4, "model"], [5, "m"], [11, "best"])]);
const summary = message([
  3,
  message(item("best", "0.9"), item("loss", "0.25"), item("_runtime", "3")),
]);
export const end = (code = 0): Buffer => message([18, message([1, code], [2, 3])]);
export const RECORDS = [
  run(),
  config,
  step(0, "0.5"),
  step(1, "NaN"),
  step(2, "0.25"),
  artifact,
  summary,
];
export const folder = (id: string) => `wandb/offline-run-20231114_221320-${id}`;

export function runFiles(id: string, records: readonly Buffer[] = [...RECORDS, end()]) {
  return { [`${folder(id)}/run-${id}.wandb`]: log(records), [`${folder(id)}/files/a.txt`]: "hi" };
}

/** Returns a file of an artifact, and its content in W&B's cache. */
export function cachedEntry(
  path: string,
  text: string,
): { entry: Field; files: Record<string, string> } {
  const md5 = createHash("md5").update(text).digest();
  const hex = md5.toString("hex");
  const entry = message([1, path], [2, md5.toString("base64")], [4, text.length]);
  return { entry: [4, entry], files: { [`obj/md5/${hex.slice(0, 2)}/${hex.slice(2)}`]: text } };
}

/** Returns the record of an artifact. */
export function loggedArtifact(name: string, digest: string, entries: Field[]): Buffer {
  const facts: Field[] = [[4, "model"], [5, name], [6, digest], [7, "about it"], [11, "best"]];
  return message([8, message(...facts, [12, message(...entries)])]);
}

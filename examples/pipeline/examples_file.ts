// Examples on a disk: a line of JSON with the names of the features, then the numbers as they are.
import { readFile, writeFile } from "node:fs/promises";
import type { Examples } from "./model.ts";

/** Writes examples. */
export async function writeExamples(
  path: string,
  { names, rows, labels }: Examples,
): Promise<void> {
  const head = new TextEncoder().encode(`${JSON.stringify({ names, count: labels.length })}\n`);
  await writeFile(path, [
    head,
    labels,
    new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength),
  ]);
}

/** Reads what {@linkcode writeExamples} wrote. */
export async function readExamples(path: string): Promise<Examples> {
  const bytes = new Uint8Array(await readFile(path));
  const end = bytes.indexOf(10) + 1;
  const { names, count } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  const rows = new Float32Array(bytes.slice(end + count).buffer);
  return { names, rows, labels: bytes.subarray(end, end + count) };
}

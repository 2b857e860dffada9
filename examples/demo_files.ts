// Helpers of the demo that copy, measure, compare and damage files.
import { Buffer } from "node:buffer";
import fs from "node:fs";
import { basename, join } from "node:path";

/** A file of a folder. */
export interface FoundFile {
  /** Its path in the folder. */
  name: string;
  /** Its bytes. */
  size: number;
}

/** All ordinary files in a folder, or the file itself, sorted by name. */
export function filesIn(path: string): FoundFile[] {
  const stats = fs.lstatSync(path);
  if (stats.isFile()) return [{ name: "", size: stats.size }];
  return fs.readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ name: file.slice(path.length + 1), size: fs.statSync(file).size }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Bytes of all files in a folder. */
export function bytesIn(path: string): number {
  return filesIn(path).reduce((sum, { size }) => sum + size, 0);
}

const LEFT_OUT = new Set([".git", "node_modules", ".holdfast"]);

/** Copies a file or folder without links, special files, `.git` and the like. Says how many entries it left out. */
export function copyInput(from: string, to: string): number {
  let left = 0;
  fs.cpSync(from, to, {
    recursive: true,
    filter(source) {
      const stats = fs.lstatSync(source);
      const wanted = stats.isFile() ||
        (stats.isDirectory() && (source === from || !LEFT_OUT.has(basename(source))));
      if (!wanted) left++;
      return wanted;
    },
  });
  return left;
}

/** Compares two files or folders byte by byte; returns the number of bytes, or throws. */
export function compare(a: string, b: string): number {
  const [left, right] = [filesIn(a), filesIn(b)];
  const names = (files: FoundFile[]) => JSON.stringify(files.map(({ name }) => name));
  if (names(left) !== names(right)) {
    throw new Error(`Cannot match ${a} and ${b}: they have different files`);
  }
  for (const { name } of left) compareFiles(join(a, name), join(b, name));
  return left.reduce((sum, { size }) => sum + size, 0);
}

const [left, right] = [Buffer.alloc(1 << 20), Buffer.alloc(1 << 20)];

function compareFiles(a: string, b: string): void {
  const files = [fs.openSync(a, "r"), fs.openSync(b, "r")];
  try {
    for (;;) {
      const sizes = [fs.readSync(files[0], left), fs.readSync(files[1], right)];
      const same = left.subarray(0, sizes[0]).equals(right.subarray(0, sizes[1]));
      if (!same) throw new Error(`Cannot match ${a} and ${b}: they differ`);
      if (sizes[0] === 0) return;
    }
  } finally {
    files.forEach((file) => fs.closeSync(file));
  }
}

/** Adds a line to a file. */
export function addLine(path: string, line: string): void {
  fs.appendFileSync(path, `\n${line}\n`);
}

/** Flips one bit in the middle of a file, as a dying disk would. Doing it again undoes it. */
export function flipBit(path: string): void {
  const bytes = fs.readFileSync(path);
  bytes[bytes.length >> 1] ^= 1;
  fs.writeFileSync(path, bytes);
}

/**
 * Values that cross to a worker and back.
 *
 * @module
 */
import type { ClassMaterializer, MaterializerDescriptor } from "../core/materializer.ts";

/** Ours take no time to speak of to make files: only those of others are worth copying a value for. */
const OURS = new URL("../materializers/", import.meta.url).href;

/** True for a materializer of this library. */
export function isOurs({ module }: MaterializerDescriptor): boolean {
  return module.startsWith(OURS);
}

/** How a worker makes the materializer again, where values of its kind survive the way: those of a class do not. */
export function reopenOf(materializer: ClassMaterializer): MaterializerDescriptor | undefined {
  return materializer.class === undefined ? materializer.reopen : undefined;
}

/** Bytes in the buffers and views at the top of a value and among its own members; deeper is not looked. */
export function bufferBytes(value: unknown): number {
  return buffersIn(value).reduce((bytes, { byteLength }) => bytes + byteLength, 0);
}

/** The buffers at the top of a value and among its own members, so that they can move with it. */
export function buffersIn(value: unknown): ArrayBuffer[] {
  const parts = typeof value === "object" && value !== null && !ArrayBuffer.isView(value) ? Object.values(value) : [];
  const found = new Set<ArrayBuffer>();
  for (const part of [value, ...parts]) {
    const buffer = ArrayBuffer.isView(part) ? part.buffer : part;
    if (buffer instanceof ArrayBuffer) found.add(buffer);
  }
  return [...found];
}

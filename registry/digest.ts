/**
 * The digest that a value would have if it was saved.
 *
 * @module
 */
import { createSha256, sha256 } from "../core/bytes/digest.ts";
import type { FilesToSave, FileToSave } from "../core/materializer.ts";
import { artifactDigest } from "../core/record/record.ts";
import type { FileInfo } from "../core/record/record.ts";
import type { Registry, SignalOptions } from "../core/registry.ts";
import { openContent, readSmall } from "./payload/content.ts";

/**
 * The digest that a value would have if it was saved: whether it is what a version holds. Nothing is stored.
 *
 * @example
 * ```ts
 * import { digestOfValue, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const { digest } = await registry.save("my:config", { depth: 12 });
 * assertEquals(await digestOfValue(registry, { depth: 12 }), digest);
 * ```
 */
export async function digestOfValue(
  { materializers }: Pick<Registry, "materializers">,
  value: unknown,
  { signal }: SignalOptions = {},
): Promise<string> {
  const materializer = materializers.forValue(value);
  return artifactDigest(materializer, await hashFiles(materializer.save(value, { signal }), { signal }));
}

/**
 * Sizes and digests of files that are not saved, as the info of an artifact has them.
 *
 * @param produced what the `save` of a materializer gives
 */
export async function hashFiles(produced: FilesToSave, { signal }: SignalOptions = {}): Promise<FileInfo[]> {
  const hashed: FileInfo[] = [];
  for await (const file of Symbol.asyncIterator in produced ? produced : await produced) {
    signal?.throwIfAborted();
    const { path, mode } = file;
    hashed.push({ path, ...await hashContent(file, signal), ...(mode === undefined ? {} : { mode }) });
  }
  return hashed;
}

async function hashContent(file: FileToSave, signal?: AbortSignal): Promise<{ size: number; sha256: string }> {
  const content = await openContent(file);
  if (content.kind === "stored") return content.stored.facts;
  if (content.kind === "small") {
    const bytes = readSmall(content.content);
    return { size: bytes.byteLength, sha256: sha256(bytes) };
  }
  const hash = createSha256();
  let size = 0;
  for await (const chunk of content.content.chunks()) {
    signal?.throwIfAborted();
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { size, sha256: hash.digest() };
}

import type { FileStore } from "../../core/file_store.ts";

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Reads all files below a folder; links are `-> target`. */
export async function contents(files: FileStore, folder = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { path, kind, target } of files.list(folder)) {
    if (kind === "folder") Object.assign(found, await contents(files, path));
    else if (kind === "link") found[path] = `-> ${target}`;
    else found[path] = new TextDecoder().decode(await (await files.open(path)).bytes());
  }
  return found;
}

// Versions with the files that a test needs.
import type { Registry } from "../../../../mod.ts";

const FOLDER = { id: "folder", formatVersion: 1, load: () => undefined };

export async function saveFiles(
  registry: Registry,
  name: string,
  files: Record<string, string | Uint8Array>,
  options: { metadata?: Record<string, unknown> } = {},
) {
  const encoder = new TextEncoder();
  const save = () =>
    Object.entries(files).map(([path, content]) => ({
      path,
      content: typeof content === "string" ? encoder.encode(content) : content,
    }));
  await registry.save(name, undefined, { ...options, as: { ...FOLDER, save } });
}

// The facts at the beginning of a document, between lines of three dashes.
import { yaml } from "../../../../formats/yaml.ts";

/** Longer facts are not read. */
const MAX_BYTES = 64 * 1024;

/** Returns the facts in YAML, or the reason why they are not read. */
export async function readFacts(
  text: string,
  path: string,
): Promise<{ facts: Readonly<Record<string, unknown>> } | { problem: string }> {
  const bytes = new TextEncoder().encode(text);
  const file = {
    path,
    size: bytes.byteLength,
    bytes: () => Promise.resolve(bytes),
    stream: () => new Blob([bytes]).stream(),
  };
  try {
    const facts = await yaml({ maxBytes: MAX_BYTES }).decode(file);
    if (typeof facts === "object" && facts !== null && !Array.isArray(facts)) {
      return { facts: facts as Record<string, unknown> };
    }
    return { problem: "The front matter has no members." };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

// Records of a run with one member changed, as anyone who may write to a registry can store them.
import { defineMaterializer, type Registry } from "../../../../mod.ts";

const VALUES: readonly unknown[] = [
  ...[undefined, null, true, -1, 1.5, 1e300, "", "odd", "\x1b[31m\u202e", [], {}, [null]],
  ...[{ odd: null }, [{}], { odd: [] }],
];

/** Yields copies of JSON, each with one member replaced, and the path of that member. */
export function* forged(value: unknown, path = "$"): Generator<{ path: string; value: unknown }> {
  for (const other of VALUES) yield { path: `${path} = ${JSON.stringify(other)}`, value: other };
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    for (const inner of forged(member, `${path}.${name}`)) {
      const copy = structuredClone(value) as Record<string, unknown>;
      copy[name] = inner.value;
      yield { ...inner, value: copy };
    }
  }
}

const asRecord = defineMaterializer<Record<string, string>>({
  id: "holdfast/pipeline-record",
  save: (texts) =>
    Object.entries(texts).map(([path, text]) => ({
      path,
      content: new TextEncoder().encode(text),
    })),
  load: () => ({}),
});

/** Saves a record in the place of one of a run, with texts of other files. */
export async function forge(
  registry: Registry,
  { name, version, metadata }: {
    name: string;
    version: string;
    metadata: Record<string, unknown>;
  },
  record: unknown,
  beside: Record<string, string> = {},
): Promise<void> {
  const texts = { "record.json": record === undefined ? "{" : JSON.stringify(record), ...beside };
  await registry.save(name, texts, { version, metadata, as: asRecord });
}

// Facts of a `.safetensors` file that is saved from a path: they become the metadata `model`.
import { basename, dirname } from "node:path";
import { createLocalFiles } from "../../../files/mod.ts";
import { describeTensors, openSafetensors, type SafetensorsFacts } from "../../../formats/mod.ts";
import { formatCount } from "../terminal/units.ts";

/** Longest facts as JSON: metadata has at most 64 KiB. */
const MAX_LENGTH = 16_384;

/** Facts of a model, and a line that sums them up. */
export interface DescribedModel {
  facts: SafetensorsFacts;
  line: string;
}

/** Describes a file; undefined if its facts are too long. */
export async function describePath(
  path: string,
  signal?: AbortSignal,
): Promise<DescribedModel | undefined> {
  await using files = createLocalFiles({ root: dirname(path) });
  const facts = describeTensors(
    await openSafetensors(await files.open(basename(path)), { signal }),
  );
  if (JSON.stringify(facts).length > MAX_LENGTH) return undefined;
  const { types, tensors, parameters } = facts;
  const sizes = `${formatCount(tensors, "tensor")}, ${parameters.toLocaleString("en")} parameters`;
  return { facts, line: `Model: safetensors, ${Object.keys(types).join(" ")}, ${sizes}` };
}

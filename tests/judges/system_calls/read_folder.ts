// Reads a folder in one of several ways, and prints the code of the error, or what it found.
import { createLocalBackend } from "../../../backends/local.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { findSurplus } from "../../../disk/surplus_files.ts";
import { createLocalFiles } from "../../../files/local.ts";
import { digestNow } from "../../../operators/runner/digest_of_path.ts";
import { findOutputs, specialFilesOf } from "../../../operators/runner/step/publish_outputs.ts";
import { stageInputs } from "../../../operators/runner/step/stage_inputs.ts";

type Way = (folder: string) => Promise<unknown>;

/** Each takes a folder whose content matters to its result. */
export const WAYS: Record<string, Way> = {
  list: (root) => Array.fromAsync(createLocalFiles({ root }).list("")),
  getFirst: (root) => createLocalBackend({ path: root }).getFirst!(""),
  surplus: (root) => Promise.resolve(findSurplus(root, [])),
  digest: (root) => digestNow(root, new Map()),
  outputs: async (outputRoot) => {
    const step = { id: "s", outputs: {} } as Parameters<typeof findOutputs>[0];
    const context = { pipeline: { id: "p" } } as Parameters<typeof findOutputs>[1];
    return await findOutputs(step, context, { outputRoot, isShard: false });
  },
  special: async (from) => await specialFilesOf([{ name: "o", to: "registry:o", from }]),
  inputs: async (path) => {
    const parts = [{ at: "in", path, digest: "" }];
    const to = await Deno.makeTempDir();
    try {
      const context = {} as Parameters<typeof stageInputs>[2];
      await stageInputs({ data: { parts } as never }, to, context);
    } finally {
      await Deno.remove(to, { recursive: true });
    }
  },
};

if (import.meta.main) {
  const [way, folder] = Deno.args;
  const outcome = await WAYS[way!]!(folder!).then(
    (found) => `read ${JSON.stringify(found)?.length ?? 0}`,
    (error) => isRegistryError(error) ? error.code : error.code ?? error.message,
  );
  console.log(outcome);
}

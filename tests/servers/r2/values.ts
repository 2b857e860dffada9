// A Worker that reads weights that are stored by values, and tries to store more.
import { openRegistry } from "@holdfast/holdfast";
import { sha256 } from "../../../core/bytes/digest.ts";
import { createR2Backend, type R2Binding } from "../../../backends/r2.ts";
import { AS, PATH, VALUES } from "../../registry/payload/weights/training.ts";

// deno-lint-ignore holdfast/no-default-export -- workerd asks for it
export default {
  async fetch(_: Request, { BUCKET }: { BUCKET: R2Binding }): Promise<Response> {
    const registry = await openRegistry(createR2Backend(BUCKET));
    const digests: string[] = [];
    let last = new Uint8Array();
    for (const version of [1, 2, 3]) {
      const value = await registry.load(`a@${version}`, AS) as Record<string, typeof last>;
      last = value[PATH]!;
      digests.push(sha256(last));
    }
    const codes: unknown[] = [];
    for (const options of [VALUES, { ...AS, compress: "zstd" }] as const) {
      last[last.length - 1]! ^= 1;
      codes.push(await registry.save("a", { [PATH]: last }, options).catch(({ code }) => code));
    }
    const text = await (await registry.open("packed")).file().bytes();
    return Response.json({ digests, codes, text: sha256(text) });
  },
};

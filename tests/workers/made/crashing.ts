import { existsSync, mkdirSync } from "node:fs";
import { defineMaterializer } from "../../../mod.ts";
import { spin } from "../../support/spin.ts";

/** A value whose materializer crashes its worker `times` times. */
export interface Crashing {
  /** The prefix of folders that count the crashes. */
  crashing: string;
  times: number;
  /** Hangs instead. */
  hang?: boolean;
  data: Float32Array;
}

export const crashing = defineMaterializer<Crashing>({
  id: "test/crashing",
  reopen: { module: import.meta.url, name: "crashing" },
  accepts: (value) => typeof value === "object" && value !== null && "crashing" in value,
  async *save({ crashing, times, hang, data }) {
    for (let k = 0; "WorkerGlobalScope" in globalThis && k < times; k++) {
      if (existsSync(`${crashing}-${k}`)) continue;
      mkdirSync(`${crashing}-${k}`);
      if (hang) spin();
      // deno-lint-ignore holdfast/injected-world -- an uncaught error
      setTimeout(() => {
        throw new Error("crashed on purpose");
      });
      await new Promise(() => {});
    }
    yield {
      path: "data.bin",
      content: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    };
  },
  load: async (artifact) => ({
    crashing: "",
    times: 0,
    data: new Float32Array((await artifact.file("data.bin").bytes()).buffer),
  }),
});

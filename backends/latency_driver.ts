// Stores that answer late: shows how a program behaves far from its bucket.
import type { Wrapper } from "../core/driver.ts";
import { invalid } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { realSystem } from "../core/system.ts";
import { wrapCalls } from "../core/work/wrap_backend.ts";

const PARAMETER = "latency-ms";

export const latencyWrapper: Wrapper = {
  name: "latency",
  parameters: [PARAMETER],
  help: { urls: `latency+URL of a bucket with ?${PARAMETER}=30, which waits before each call` },
  wrap({ [PARAMETER]: text = "" }, { system = realSystem }) {
    if (!/^[0-9]{1,5}$/.test(text)) {
      const state = text === "" ? "it is missing" : `${shown(text)} is not a number below 100,000`;
      throw invalid("use the parameter", PARAMETER, state, {
        hint: `Write ?${PARAMETER}=30, in milliseconds.`,
      });
    }
    return (inner) =>
      wrapCalls(inner, async ({ signal }, act) => {
        await system.sleep(Number(text), signal);
        return await act(signal);
      });
  },
};

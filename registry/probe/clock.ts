// What the age of things stands on: the store's clock goes about as the own one does, and its
// replies agree on it.
import { must, text } from "./target.ts";
import type { ProbeStepDefinition, ProbeTarget } from "./target.ts";

/** Stores keep whole seconds, and a reply may tell the time of the request instead of the object's. */
const TOLERANCE_MS = 5_000;

export interface ClockReading {
  /** Store time minus own time, milliseconds. */
  offsetMs?: number;
}

/** The step about the clock; what it learns is left in `reading`. */
export function clockStep(reading: ClockReading): ProbeStepDefinition {
  return {
    name: "the store's clock agrees with the own one",
    required: true,
    run: (target) => readClock(target, reading),
  };
}

async function readClock(target: ProbeTarget, reading: ClockReading): Promise<string> {
  const { system, maxClockOffsetMs } = target;
  const before = system.now();
  const { modifiedAt } = await target.put("clock", text("now"));
  const after = system.now();
  must(Number.isFinite(modifiedAt), "the reply to a put does not tell the store's time");
  const offsetMs = reading.offsetMs = Math.round(modifiedAt - (before + after) / 2);
  const said = `the store is ${Math.abs(offsetMs)} ms ${offsetMs < 0 ? "behind" : "ahead"}`;
  const headed = (await target.head("clock"))?.modifiedAt ?? NaN;
  const listed = (await target.list("clock")).times.get("clock") ?? NaN;
  for (const [what, time] of [["head", headed], ["a list", listed]] as const) {
    const agrees = Math.abs(time - modifiedAt) <= TOLERANCE_MS + (after - before);
    must(
      agrees,
      `${what} tells another time of an object than the reply to its put: ${
        time - modifiedAt
      } ms from it`,
    );
  }
  must(
    Math.abs(offsetMs) <= maxClockOffsetMs,
    `${said}; at most ${maxClockOffsetMs} ms are allowed: set the clocks`,
  );
  return said;
}

// What a commit stands on: a create writes only where nothing is, and of any number of them exactly
// one does.
import { sameBytes } from "../../core/bytes/bytes.ts";
import { allEnded, must, text } from "./target.ts";
import type { ProbeStepDefinition, ProbeTarget } from "./target.ts";

/** Every second race is one of bodies of this size: where a store checks before it writes, they leave it more time. */
const LARGE_BYTES = 64 * 1024;

const ROUNDS = 6;
/** How many creates take part in each race. */
const RACERS = 16;

export const createSteps: readonly ProbeStepDefinition[] = [
  { name: "a create never overwrites", required: true, run: refusesToOverwrite },
  { name: "racing creates have one winner", required: true, run: race },
];

async function refusesToOverwrite(target: ProbeTarget): Promise<void> {
  const first = text("first");
  must(await target.create("create/over", first), "a create where nothing is was refused");
  for (const body of [text("again"), filled(LARGE_BYTES, 1), new Uint8Array()]) {
    const refused = !await target.create("create/over", body);
    must(
      refused,
      `a create of ${body.byteLength} bytes was written over an object: the store ignores the condition`,
    );
  }
  must(
    sameBytes(await target.read("create/over"), first),
    "a create that was refused changed the object all the same",
  );
  await target.put("create/over", text("overwritten"));
  must(
    !await target.create("create/over", text("later")),
    "a create was written over an object that was overwritten",
  );
}

async function race(target: ProbeTarget): Promise<string> {
  for (let round = 1; round <= ROUNDS; round++) {
    const key = `race/${round}`;
    const size = round % 2 === 0 ? LARGE_BYTES : 64;
    const bodies = Array.from({ length: RACERS }, (_, racer) => filled(size + racer, racer + 1));
    const won = await allEnded(bodies.map((body) => target.create(key, body)));
    const winners = bodies.filter((_, racer) => won[racer]);
    must(
      winners.length <= 1,
      `${winners.length} of ${RACERS} creates of one key were acknowledged (round ${round})`,
    );
    const held = await target.read(key);
    must(
      held !== undefined,
      `after ${RACERS} creates of one key nothing is there (round ${round})`,
    );
    must(
      bodies.some((body) => sameBytes(body, held)),
      `the object is none of those that were sent (round ${round})`,
    );
    // Without a winner, something on the way repeated the winner's request, and the store refused the repeat.
    const kept = winners.length === 0 || sameBytes(winners[0], held);
    must(kept, `the object is not the one whose create was acknowledged (round ${round})`);
  }
  return `${ROUNDS} rounds of ${RACERS}`;
}

function filled(size: number, value: number): Uint8Array {
  return new Uint8Array(size).fill(value);
}

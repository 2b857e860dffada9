// Short runs of W&B's clients, at one of whose requests the reply is lost, or the service, the client
// or both are killed; and a run whose service is away.
import { isLong, judgeSeed } from "../../../judges/judge_test_case.ts";
import { realSystem } from "../../../../core/system.ts";
import { seededRandom } from "../../../support/scripted_system.ts";
import { FAILURES, openLives } from "./killed_life.ts";
import { type Client, clientTest } from "./serve_wandb.ts";

/**
 * More requests than a life has. A day tries two failures, each at the next request;
 * `HOLDFAST_JUDGES=long` tries all.
 */
const MOST_REQUESTS = 44;
/** The most time between a request and a kill. */
const KILL_MS = 30;

clientTest("a run survives a lost reply and kills at its requests", async (client) => {
  await livesOf(client, false);
});

clientTest("a run of programs that share it survives these, too", async (client) => {
  await livesOf(client, true);
});

async function livesOf(client: Client, isShared: boolean): Promise<void> {
  const random = seededRandom(judgeSeed);
  const chosen = FAILURES.filter((_, i) => isLong || (i + judgeSeed) % 2 === 0);
  const all = chosen.map(async (failure, i) => {
    await using lives = await openLives(client);
    let at = isLong ? 0 : (Math.floor(judgeSeed / 2) + i * MOST_REQUESTS / 2) % MOST_REQUESTS;
    for (;;) {
      const requests = await lives.live({ at, failure, killAfterMs: random() * KILL_MS, isShared });
      if (!isLong || ++at > requests.length) break;
    }
  });
  const failed = (await Promise.allSettled(all)).filter(({ status }) => status === "rejected");
  const reasons = failed.map((each) => (each as PromiseRejectedResult).reason);
  if (reasons.length > 0) throw new AggregateError(reasons, reasons.join("\n"));
}

/** Tries that fail. In CI, with the pauses of the client itself, seven take three minutes and a half. */
const TRIES = isLong || realSystem.env("CI") !== undefined ? 7 : 3;

clientTest("a client brings all lines after the service was away", async (client) => {
  await using lives = await openLives(client, TRIES > 3 ? {} : undefined);
  await lives.liveAlone(async (program, tries) => {
    for (let count = 1; count <= TRIES; count++) await program.until(() => tries() >= count);
  });
});

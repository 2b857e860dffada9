// Random calls of MLflow's clients to `serve --mlflow` and to MLflow's own server: same answers, same
// errors. Each day has a seed and a client of its own.
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { kindsOfShare } from "../../../../support/seeds.ts";
import { isLong, judgeSeed } from "../../../../judges/judge_test_case.ts";
import {
  type Client,
  CLIENTS,
  clientTest,
  pythonOf,
  serveMlflow,
  serveTheirs,
} from "../serve_mlflow.ts";

/** Calls of a run: each takes some 20 ms there, and less here. */
const CALLS = isLong ? 600 : 120;

const NAME = "random calls are answered as by MLflow's own server";

clientTest(NAME, ["new"], async () => {
  await using theirs = await serveTheirs("new");
  await using ours = await serveMlflow();
  const program = await Deno.readTextFile(new URL("random_calls.py", import.meta.url));
  const clients = isLong ? CLIENTS : kindsOfShare(NAME, CLIENTS).slice(0, 1);
  for (const client of clients.filter((each) => existsSync(pythonOf(each)))) {
    const ask = (env: Record<string, string>) => answersOf(client, env);
    const [expected, actual] = await Promise.all([
      ask({ MLFLOW_TRACKING_URI: theirs.url }),
      ask({}),
    ]);
    assert(expected.length > CALLS / 2, `${expected.length} calls`);
    const different = expected.flatMap(([call, answer], at) => {
      const [, here] = actual[at] ?? [];
      const [there, its] = [JSON.stringify(answer), JSON.stringify(here)];
      return there === its ? [] : [`${at} ${call}\n  MLflow ${there}\n  here   ${its}`];
    });
    assertEquals(different, [], `${client} client`);
  }

  async function answersOf(client: Client, env: Record<string, string>) {
    const calls = { CALLS_SEED: `${judgeSeed}`, CALLS_COUNT: `${CALLS}` };
    const lines = await ours.run(client, program, { ...calls, ...env });
    return lines.filter((line) => line.startsWith("[")).map((line) =>
      JSON.parse(line) as [call: string, answer: unknown]
    );
  }
});

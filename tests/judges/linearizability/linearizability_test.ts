import { assert, assertEquals } from "@std/assert";
import { createRandom } from "../../simulate/random.ts";
import { type RunningServer, serverTest } from "../../support/servers/mod.ts";
import { partOfRun } from "../../support/seeds.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { isLong, judgeSeed, judgeTest } from "../judge_test_case.ts";
import { checkHistories } from "./check_histories.ts";
import { findChecker } from "./checker_program.ts";
import type { StoreToOpen } from "./client_process.ts";
import type { ModelName } from "./history.ts";
import { startClients } from "./processes.ts";
import { simulatedHistory } from "./simulated.ts";
import { releases } from "./workloads.ts";

const MODELS: ModelName[] = ["registry", "aliases", "drafts", "files"];
/** In CI half of them by processes on a disk each day, and the others in a bucket. */
const onDisk = partOfRun(MODELS, 2);
const inBuckets = onDisk.length === MODELS.length
  ? MODELS
  : MODELS.filter((model) => !onDisk.includes(model));
const SIMULATED = isLong ? 1000 : 60;
const ON_DISK = {
  processes: 4,
  histories: isLong ? 100 : 3,
  requests: 24,
  killed: isLong ? 0.01 : 0.004,
};
const IN_BUCKET = {
  processes: 3,
  histories: isLong ? 30 : 1,
  requests: isLong ? 24 : 12,
  killed: isLong ? 0.01 : 0,
};
/** Number of histories without an order that are shown. */
const SHOWN = 3;

const checker = await findChecker();
const missing = checker === undefined
  ? "the checker of histories is not built; deno task servers --install builds it"
  : undefined;

for (const model of MODELS) {
  judgeTest(`histories of ${model} in the simulation are linearizable`, missing, async () => {
    for (let begun = 0; begun < SIMULATED; begun += 100) { // not all in memory at once
      const lines: string[] = [];
      for (let i = begun; i < Math.min(SIMULATED, begun + 100); i++) {
        lines.push(...await simulatedHistory({ seed: judgeSeed * 1000 + i, model }));
      }
      await assertLinearizable(lines);
    }
  });

  if (onDisk.includes(model)) {
    judgeTest(
      `histories of ${model} by several processes on one disk are linearizable`,
      missing,
      async () => {
        const root = await tempRoot();
        try {
          const store = (n: number) => ({ kind: kindOf(model), path: root.join(`store ${n}`) });
          const fewer = { processes: 2, requests: 12 }; // the steps of moves have many orders
          await judgeProcesses(model, store, { ...ON_DISK, ...model === "files" && fewer });
        } finally {
          await root.remove();
        }
      },
    );
  }

  if (missing === undefined && inBuckets.includes(model)) {
    serverTest(
      `histories of ${model} by several processes in a bucket are linearizable`,
      "minio",
      async (server) => {
        const run = createRandom(judgeSeed).int(1e9);
        await judgeProcesses(
          model,
          (n) => inBucket(server, model, `judge ${run} ${model} ${n}/`),
          IN_BUCKET,
        );
      },
    );
  }
}

judgeTest("histories of releases in the simulation are linearizable", missing, async () => {
  for (let begun = 0; begun < SIMULATED; begun += 100) {
    const lines: string[] = [];
    for (let i = begun; i < Math.min(SIMULATED, begun + 100); i++) {
      const seed = judgeSeed * 1000 + i;
      lines.push(...await simulatedHistory({ seed, model: "aliases", workload: releases }));
    }
    await assertLinearizable(lines);
  }
});

judgeTest("a history with a lost acknowledged save is found", missing, async () => {
  const operation = (id: number, more: object) =>
    JSON.stringify({
      history: "lost",
      model: "registry",
      id,
      client: 0,
      call: 2 * id,
      return: 2 * id + 1,
      ...more,
    });
  const saved = operation(1, {
    key: "a 1",
    op: "save",
    mode: "fail",
    version: 1,
    value: "v",
    result: "ok",
  });
  const found = operation(2, { key: "a 1", op: "read", version: 1, got: "v", result: "ok" });
  const lost = operation(2, { key: "a 1", op: "read", version: 1, result: "missing" });
  const open = JSON.stringify({ ...JSON.parse(saved), result: "maybe", return: undefined });
  const verdictOf = async (lines: string[]) =>
    (await checkHistories(checker!, lines)).map(({ verdict }) => verdict);
  assertEquals(await verdictOf([saved, found]), ["ok"]);
  assertEquals(await verdictOf([saved, lost]), ["illegal"]);
  assertEquals(await verdictOf([open, found]), ["ok"], "an open operation may have taken effect");
  assertEquals(await verdictOf([open, lost]), ["ok"], "or not");
});

function kindOf(model: ModelName): StoreToOpen["kind"] {
  return model === "files" ? "files" : "registry";
}

function inBucket(server: RunningServer, model: ModelName, prefix: string): StoreToOpen {
  const { endpoint, bucket, region, accessKey, secretKey } = server;
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  return {
    kind: kindOf(model),
    s3: { provider: "minio", endpoint, region, bucket, prefix, credentials },
  };
}

async function judgeProcesses(
  model: ModelName,
  store: (n: number) => StoreToOpen,
  { processes, histories, ...amount }: typeof ON_DISK,
): Promise<void> {
  const lines: string[] = [];
  const clients = await startClients(processes);
  try {
    const draws = createRandom(judgeSeed);
    for (let n = 0; n < histories; n++) {
      const name = `${model} ${n} of seed ${judgeSeed}`;
      lines.push(
        ...await clients.history({ name, model, store: store(n), random: draws.fork(), ...amount }),
      );
    }
  } finally {
    await clients[Symbol.asyncDispose]();
  }
  await assertLinearizable(lines);
}

/** Checking may time out for a quarter of the histories, or for two: those prove nothing. */
async function assertLinearizable(lines: readonly string[]): Promise<void> {
  const verdicts = await checkHistories(checker!, lines, isLong ? 60 : 10);
  const illegal = verdicts.filter(({ verdict }) => verdict === "illegal");
  const told = illegal.slice(0, SHOWN).map(({ history, left = [] }) =>
    [history, ...left].join("\n  ")
  );
  assertEquals(
    illegal.length,
    0,
    `${illegal.length} of ${verdicts.length} histories have no order:\n${told.join("\n")}`,
  );
  const undecided = verdicts.filter(({ verdict }) => verdict === "timeout");
  assert(
    undecided.length < verdicts.length && undecided.length <= Math.max(verdicts.length / 4, 2),
    `${undecided.length} of ${verdicts.length} took too long to check`,
  );
}

// Histories of simulated processes in virtual time, over a store with lost, late and repeated
// requests.
import { createBucketFiles } from "../../../files/bucket.ts";
import { createFileManager } from "../../../files/mod.ts";
import type { Bundle } from "../../simulate/bundle.ts";
import { createRandomFaults, type FaultRates } from "../../simulate/random.ts";
import { largeValue, smallValue } from "../../simulate/schedules/schedule.ts";
import type { StoreCall } from "../../simulate/with_faults.ts";
import { createWorld } from "../../simulate/world.ts";
import type { Actor } from "../../simulate/actor.ts";
import { createHistory, type ModelName } from "./history.ts";
import {
  ALIASED,
  ALIASED_VERSIONS,
  answered,
  performOnFiles,
  performOnRegistry,
  publishReleases,
  type ValueCodec,
} from "./perform.ts";
import type { Request } from "./request.ts";
import { lastLook, releases, type Workload, WORKLOADS } from "./workloads.ts";

export interface SimulatedOptions {
  seed: number;
  model: ModelName;
  workload?: Workload;
  requests?: number;
}

const CLIENTS = 4;
const DAY_MS = 24 * 3_600_000;

const BUNDLES: ValueCodec = {
  make: (label) => label.endsWith("3") ? largeValue(label) : smallValue(label),
  labelOf: (value) => (value as Bundle).files[0].label,
};

export async function simulatedHistory(options: SimulatedOptions): Promise<string[]> {
  const {
    seed,
    model,
    requests = 12,
    workload = WORKLOADS[model],
  } = options;
  const world = createWorld(seed);
  const { random, system } = world;
  const history = createHistory(
    `simulated ${model}, seed ${seed}`,
    model,
    () => Math.round(system.now() * 1000),
  );
  const settings = { mutable: true };
  const rates = random.pick<FaultRates>([
    {},
    { lostReply: 0.1, hiddenRetry: 0.1, slow: 0.1 },
    {
      lostReply: 0.05,
      lostRequest: 0.05,
      late: 0.1,
      hiddenRetry: 0.05,
      unavailable: 0.1,
      slow: 0.1,
    },
  ]);
  let values = 0;

  async function perform(
    actor: Actor,
    id: number,
    request: Request,
    repeated = { create: false },
  ): Promise<void> {
    repeated.create = false;
    const end = history.begin(id, request);
    const performed = model === "files"
      ? performOnFiles(await filesOf(actor), request)
      : performOnRegistry(actor.registry, request, BUNDLES);
    const answer = await answered(performed);
    // By contract, a create that the network repeats may find its own file.
    end(answer.result === "exists" && repeated.create ? { result: "maybe" } : answer);
  }

  const alive = async (id: number) => {
    const draws = random.fork();
    const draw = createRandomFaults({
      random: random.fork(),
      rates,
      otherVerbs: 0.3,
      maxLateMs: 5_000,
    });
    const repeated = { create: false };
    const fault = (call: StoreCall) => {
      const chosen = draw(call);
      if (model !== "files" || chosen?.kind !== "hiddenRetry") return chosen;
      // files promise nothing of an overwrite that is carried out twice
      if (call.mode !== "create") return undefined;
      repeated.create = true;
      return chosen;
    };
    for (let n = 0; n < requests;) { // a process that was killed is followed by another
      const actor = await world.actor(`client ${id} ${n}`, {
        ...settings,
        fault,
        retryForMs: 2_000,
      });
      if (actor === undefined) break;
      const until = draws.chance(0.3) ? n + 1 + draws.int(requests) : requests;
      await actor.live(async () => {
        for (; n < requests; n++) {
          await system.sleep(draws.between(0, 60));
          if (n === until) {
            system.scheduler.at(system.now() + draws.between(0, 60), () => actor.process.kill());
          }
          await perform(
            actor,
            id,
            workload({ random: draws, value: `v${++values}`, turn: n, client: id }),
            repeated,
          );
        }
      });
      n++;
    }
  };

  await system.run(async () => {
    const founder = (await world.actor("founder", settings))!;
    if (workload === releases) await publishReleases(founder.registry, BUNDLES);
    else if (model === "aliases") {
      for (let version = 1; version <= ALIASED_VERSIONS; version++) {
        await founder.registry.save(ALIASED, BUNDLES.make(`v${version}`), {
          version: String(version),
        });
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, (_, id) => alive(id)));
    await system.sleep(DAY_MS / 24); // what is late arrives
    for (const request of lastLook(model, history.keys)) await perform(founder, CLIENTS, request);
  });
  return history.lines();
}

async function filesOf(actor: Actor) {
  const store = createBucketFiles({ backend: actor.registry.backend! });
  return await createFileManager({ it: store }).on("it");
}

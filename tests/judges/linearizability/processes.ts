// Histories of several processes on one store. This process assigns requests and records their
// times.
import { createInterface } from "node:readline";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "@std/path";
import type { Random } from "../../simulate/random.ts";
import { LOADS_LATE, REPOSITORY } from "../../support/run_deno.ts";
import type { StoreToOpen } from "./client_process.ts";
import { createHistory, type ModelName } from "./history.ts";
import { ALIASED, ALIASED_VERSIONS } from "./perform.ts";
import type { Answer, Request } from "./request.ts";
import { lastLook, WORKLOADS } from "./workloads.ts";

interface Client {
  open(store: StoreToOpen): Promise<void>;
  ask(request: Request): Promise<Answer>;
  kill(): Promise<void>;
}

export interface Clients extends AsyncDisposable {
  history(options: HistoryOptions): Promise<string[]>;
  readonly kills: number;
}

export interface HistoryOptions {
  name: string;
  model: ModelName;
  store: StoreToOpen;
  random: Random;
  requests: number;
  killed: number;
}

const AT_ONCE = 2;

export async function startClients(count: number): Promise<Clients> {
  const clients: Client[] = await Promise.all(Array.from({ length: count }, startClient));
  let kills = 0;

  async function history(options: HistoryOptions): Promise<string[]> {
    const { name, model, store, random, requests, killed } = options;
    const workload = WORKLOADS[model];
    let clock = 0, values = 0;
    const recorded = createHistory(name, model, () => ++clock);
    await clients[0].open(store);
    if (model === "aliases") await saveAliased(clients[0]);
    await Promise.all(clients.slice(1).map((client) => client.open(store)));

    const ask = async (id: number, request: Request): Promise<boolean> => {
      const end = recorded.begin(id, request);
      const client = clients[Math.floor(id / AT_ONCE) % count];
      const answer = await Promise.race([client.ask(request), gone.get(client)!.promise]);
      if (answer === undefined) return false;
      end(answer);
      return true;
    };
    const gone = new Map(clients.map((client) => [client, Promise.withResolvers<undefined>()]));
    const killOne = async (index: number): Promise<void> => {
      const client = clients[index];
      await client.kill();
      const next = await startClient();
      await next.open(store);
      gone.set(next, Promise.withResolvers());
      clients[index] = next;
      kills++;
      gone.get(client)!.resolve(undefined);
    };
    const live = async (id: number, draws: Random) => {
      for (let n = 0; n < requests; n++) {
        const victim = draws.int(count);
        const asked = ask(
          id,
          workload({ random: draws, value: `v${++values}`, turn: n, client: id }),
        );
        if (draws.chance(killed) && !killing.has(victim)) {
          killing.add(victim);
          await killOne(victim);
          killing.delete(victim);
        }
        await asked;
      }
    };
    const killing = new Set<number>();
    await Promise.all(Array.from({ length: count * AT_ONCE }, (_, id) => live(id, random.fork())));
    for (const request of lastLook(model, recorded.keys)) await ask(0, request);
    return recorded.lines();
  }

  return {
    history,
    get kills() {
      return kills;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.kill();
    },
  };
}

async function saveAliased(client: Client): Promise<void> {
  for (let version = 1; version <= ALIASED_VERSIONS; version++) {
    await client.ask({ key: ALIASED, op: "save", version, mode: "fail", value: `v${version}` });
  }
}

function startClient(): Promise<Client> {
  const program = join(REPOSITORY, "tests/judges/linearizability/client_process.ts");
  const child = spawn(Deno.execPath(), ["run", "-A", LOADS_LATE, "--quiet", program], {
    cwd: REPOSITORY,
    stdio: ["pipe", "pipe", "inherit"],
  });
  return Promise.resolve(clientOf(child));
}

function clientOf(child: ChildProcess): Client {
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  let sent = 0;
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const { id, answer, error } = JSON.parse(line) as {
      id: number;
      answer: Answer;
      error?: string;
    };
    if (error === undefined) waiting.get(id)?.resolve(answer);
    else waiting.get(id)?.reject(new Error(`An operation failed as none may: ${error}`));
    waiting.delete(id);
  });
  const send = (message: object): Promise<Answer> => {
    const answer = Promise.withResolvers<Answer>();
    waiting.set(++sent, answer);
    child.stdin!.write(`${JSON.stringify({ id: sent, ...message })}\n`);
    return answer.promise;
  };
  return {
    open: async (store) => void await send({ open: store }),
    ask: (request) => send({ request }),
    async kill() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await ended;
    },
  };
}

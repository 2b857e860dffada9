// The worst request of each route, alone: how long `/health` waits meanwhile, the longest turn of the
// event loop, which other programs do not lengthen, and the memory of the service.
import fs from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { openRegistry } from "../../../../mod.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { watchProcess } from "../../../support/watch_process.ts";
import { type BenchSettings, type Group, type Measure, timed } from "../../measure.ts";
import type { Ask, Sent, Worst } from "./request.ts";
import { worstRequests } from "./requests.ts";
import { fill } from "./state.ts";

const QUICK = 0.01;
/** Limit of the heap, MiB: 60 are in use when idle. V8 collects garbage before it grows further. */
const HEAP_MIB = 384;
/** An answer that never ends is read for so long, milliseconds. */
const ENDLESS_MS = 3000;

/** Measures every route. Each request has a service of its own over the same registry. */
export async function createWorstGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const scale = quick ? QUICK : 1;
  const root = join(folder, "filled");
  await using registry = await openRegistry(root, { durability: "os" });
  await fill(registry, scale);
  let count = 0;
  const measures = Object.entries(worstRequests(scale)).flatMap(([route, all]) =>
    typeof all === "string"
      ? []
      : all.map((each) => measureRequest(root, route, each, `new${count++}`))
  );
  return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

export function measureRequest(root: string, route: string, worst: Worst, name: string): Measure {
  const title = `${route}: ${worst.title}`;
  let facts: Record<string, number | string> = {};
  return {
    name: title,
    count: 1,
    unit: "op",
    facts: () => facts,
    async run() {
      await using service = await startService(root, name);
      const [method] = route.split(" ") as [string];
      const given = String(await worst.before?.(service.ask));
      const [path, body, headers] = worst.sent(given);
      const encoded = body === undefined ? undefined : new TextEncoder().encode(body);
      const idleMib = await service.restart();
      const probe = startProbe(service);
      let status = 0;
      const time = await timed(async () => {
        const ended = worst.isEndless ? AbortSignal.timeout(ENDLESS_MS) : undefined;
        const answer = await service.send(method, [path, encoded, headers], ended);
        status = answer.status;
        await drain(answer).catch((error) => {
          if (!worst.isEndless) throw error;
        });
      });
      const waitMs = await probe.end();
      const turnMs = await service.turnMs();
      const mib = Math.max(0, Math.round(service.peakMib() - idleMib));
      facts = {
        "longest wait of /health, ms": Math.round(waitMs),
        "longest turn, ms of processor": Math.round(turnMs),
        "MiB above idle": mib,
        status,
      };
      return time;
    },
  };
}

async function drain({ body }: Response): Promise<void> {
  for await (const _ of body ?? []);
}

async function startService(root: string, name: string) {
  const child = spawnDeno("tests/bench/service/worst/process.ts", [root], {
    permissions: ["-A", `--v8-flags=--expose-gc,--max-old-space-size=${HEAP_MIB}`],
  });
  const watched = watchProcess(child);
  const [port] = await watched.lines(1);
  const url = `http://127.0.0.1:${port}`;
  const send = (
    method: string,
    [path, body, given = {}]: [Sent[0], (BodyInit | undefined)?, Sent[2]?],
    signal?: AbortSignal,
  ) => {
    const headers = typeof given === "string" ? { "content-type": given } : given;
    return fetch(url + path.replace("NEW", name), {
      method,
      body,
      headers,
      signal,
      redirect: "manual",
    });
  };
  const ask: Ask = async (method, ...sent) => {
    const answer = await send(method, sent);
    if (!answer.ok) throw new Error(`${method} ${sent[0]}: ${await answer.text()}`);
    await drain(answer);
    return answer;
  };
  return {
    url,
    send,
    ask,
    restart: async () => Number(await (await send("POST", ["/.restart"])).text()),
    turnMs: async () => Number(await (await send("GET", ["/.turn"])).text()),
    peakMib: () =>
      Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) /
      1024,
    [Symbol.asyncDispose]: async () => void await watched.stop("SIGKILL"),
  };
}

/** Asks `/health` again and again. `end` returns the longest wait. */
function startProbe({ url }: { url: string }) {
  let longestMs = 0;
  let ended = false;
  const probing = (async () => {
    while (!ended) {
      const from = performance.now();
      await new Promise<void>((resolve, reject) => {
        get(`${url}/health`, { agent: false }, (answer) => {
          answer.resume();
          answer.on("end", resolve);
        }).on("error", reject);
      });
      longestMs = Math.max(longestMs, performance.now() - from);
    }
    return longestMs;
  })();
  return {
    end: () => {
      ended = true;
      return probing;
    },
  };
}

// Several processes that play rounds of an attack, are killed, and are replaced.
import { spawnDeno } from "../../../support/run_deno.ts";
import type { Random } from "../../../simulate/random.ts";
import type { Attack, AttackPlace } from "./attacked_store.ts";

export interface AttackEvent {
  event: string;
  result?: unknown;
  [member: string]: unknown;
}

export interface Attackers extends AsyncDisposable {
  readonly kills: number;
  /** Plays a round in all processes at the same time. Returns their events. */
  play<T extends Attack>(
    round: number,
    random: Random,
    more: Omit<T, keyof Attack>,
  ): Promise<AttackEvent[]>;
}

const PROCESSES = 4;
/** Typical number of calls of the store in a round and process. */
const CALLS = 30;

/** Starts the processes. */
export function startAttackers(program: string, place: AttackPlace): Attackers {
  let kills = 0;
  const processes = Array.from({ length: PROCESSES }, () => startAttacker(program, place));
  return {
    get kills() {
      return kills;
    },
    async play(round, random, more) {
      const attacks = processes.map((): Attack => ({
        round,
        seed: random.int(2 ** 32),
        ...(random.chance(0.4) ? { dieAt: 1 + random.int(CALLS) } : {}),
        lost: random.pick([0, 0, 0.1]),
        kept: random.pick([0, 0.5, 1]),
      }));
      const reports = await Promise.all(
        processes.map((each, n) => each.play({ ...attacks[n], ...more })),
      );
      for (const [n, { isOver }] of reports.entries()) {
        if (isOver) continue;
        kills++;
        await processes[n].end();
        processes[n] = startAttacker(program, place);
      }
      return reports.flatMap(({ events }) => events);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(processes.map((each) => each.end()));
    },
  };
}

function startAttacker(program: string, place: AttackPlace) {
  const child = spawnDeno(`tests/registry/processes/attacks/${program}`, [JSON.stringify(place)], {
    permissions: ["--no-check", "-A"],
    env: { NODE_NO_WARNINGS: "1" },
  });
  const lines = linesOf(child.stdout);
  const errors = new Response(child.stderr).text();
  const input = child.stdin.getWriter();
  return {
    /** Returns the events until the round ended or the process was killed. */
    async play(attack: Attack): Promise<{ events: AttackEvent[]; isOver: boolean }> {
      await input.write(new TextEncoder().encode(`${JSON.stringify(attack)}\n`));
      const events: AttackEvent[] = [];
      for (;;) {
        const { done, value } = await lines.next();
        if (done) {
          const { signal } = await child.status;
          if (signal !== "SIGKILL") throw new Error(`The process ended by itself: ${await errors}`);
          return { events, isOver: false };
        }
        const event = JSON.parse(value) as AttackEvent;
        if (event.event === "over") return { events, isOver: true };
        if (event.event !== "ready") events.push(event);
      }
    },
    async end(): Promise<void> {
      await input.close().catch(() => {});
      await lines.return(undefined);
      await Promise.all([child.status, errors]);
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split("\n");
    text = lines.pop()!;
    yield* lines;
  }
}

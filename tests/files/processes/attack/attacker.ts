// A process of an attack on files: saves, moves, loads and lists at random, forever. Prints a line
// before and after each step, so that a judge knows the acknowledged ones after a kill.
//
// Argument: an {@linkcode Attacker} as JSON.
import process from "node:process";
import { isRegistryError } from "../../../../core/errors.ts";
import { realSystem } from "../../../../core/system.ts";
import { seededRandom } from "../../../support/scripted_system.ts";
import { type AttackedPlace, openAttacked, tokenOf, valueOf } from "./attacked_files.ts";

/** The plan of one process. */
export interface Attacker extends AttackedPlace {
  seed: number;
  /** The index of the process. */
  slot: number;
  /** The first of its tokens, one per save. */
  firstToken: number;
}

/** A line of output, with its time, milliseconds since 1970. */
export type AttackLine = AttackEvent & { at: number };

type AttackEvent =
  | { step: "save" | "move" | "load" | "list"; path: string; to?: string; token?: number }
  | { ok: boolean }
  | { bad: string };

const PATHS = 24;

if (import.meta.main) await attack(JSON.parse(process.argv[2]));

async function attack(attacker: Attacker): Promise<void> {
  const { plan, slot, seed } = attacker;
  const files = await openAttacked(attacker);
  const random = seededRandom(seed);
  const pick = (count: number) => Math.floor(random() * count);
  let token = attacker.firstToken, target = attacker.firstToken;

  async function run(step: AttackEvent, action: () => Promise<unknown>): Promise<void> {
    say(step);
    try {
      await action();
      say({ ok: true });
    } catch (error) {
      const isKnown = isRegistryError(error, "NotFound", "AlreadyExists", "Conflict");
      say(isKnown ? { ok: false } : { bad: String((error as Error).stack) });
    }
  }

  async function save(path: string, mode: "create" | "overwrite"): Promise<void> {
    const own = token++;
    await run(
      { step: "save", path, token: own },
      () => files.save(path, valueOf(attacker, own, pick(3)), { mode }),
    );
  }

  const move = (path: string, to: string) =>
    run({ step: "move", path, to }, () => files.move(path, to));

  const load = (path: string) =>
    run({ step: "load", path }, async () => {
      const value = await files.load(path);
      const found = tokenOf(attacker, value);
      if (found === undefined) {
        throw new Error(`${path} has an unknown value: ${JSON.stringify(value)?.slice(0, 300)}`);
      }
    });

  for (;;) {
    const kind = random();
    const path = `d${pick(2)}/p${pick(PATHS)}`;
    if (kind < 0.1) await load(plan === "overwrites" ? `s/${pick(3)}` : path);
    else if (kind < 0.15) {
      await run({ step: "list", path: "" }, () => files.listFiles("", { recursive: true }));
    } else if (plan === "moves") {
      await (kind < 0.4 ? save(path, "create") : move(path, `d${pick(2)}/p${pick(PATHS)}`));
    } else if (plan === "saves") await save(`p${pick(3)}`, "overwrite");
    else if (kind < 0.55) await save(`s/${slot}`, "overwrite");
    else await move(`s/${pick(3)}`, `t/${target++}`);
  }
}

function say(event: AttackEvent): void {
  process.stdout.write(`${JSON.stringify({ ...event, at: realSystem.now() })}\n`);
}

// The invariants of an attack.
import type { Files } from "../../../../files/mod.ts";
import { type AttackedPlace, tokenOf } from "./attacked_files.ts";
import type { AttackLine } from "./attacker.ts";

/** A save, with the times of its start and acknowledgement by the clock of the machine. */
interface Save {
  token: number;
  slot: number;
  path: string;
  begun: number;
  ended?: number;
}

/** All saves of an attack, as the processes printed them. */
export class Saves {
  /** All saves except failed ones. */
  readonly all = new Map<number, Save>();
  /** Errors that no process may print. */
  readonly bad: string[] = [];
  /** Started steps. */
  steps = 0;
  readonly #open = new Map<number, Save | undefined>();

  /** Records a line of a process. */
  note(slot: number, line: AttackLine): void {
    const { at } = line;
    if ("bad" in line) this.bad.push(line.bad);
    else if ("step" in line) {
      this.steps++;
      const { step, token, path } = line;
      const save = step === "save" ? { token: token!, slot, path, begun: at } : undefined;
      if (save !== undefined) this.all.set(save.token, save);
      this.#open.set(slot, save);
    } else {
      const save = this.#open.get(slot);
      if (save === undefined) return;
      if (line.ok) save.ended = at;
      else this.all.delete(save.token);
    }
  }
}

/** Returns the problems with the files that are left. */
export async function judge(files: Files, place: AttackedPlace, saves: Saves): Promise<string[]> {
  const problems = [...saves.bad];
  const found = new Map<number, string[]>();
  for (const path of await files.listFiles("", { recursive: true })) {
    const token = tokenOf(place, await files.load(path));
    if (token === undefined || !saves.all.has(token)) {
      problems.push(`${path} has an unknown value: ${token}`);
    } else found.set(token, [...found.get(token) ?? [], path]);
  }
  const isMovedInOneStep = place.zarr && typeof place.root === "string";
  for (const [token, paths] of found) {
    if (paths.length > 1 && isMovedInOneStep) {
      problems.push(`${token} is at ${paths.join(" and ")}`);
    }
  }
  for (const save of saves.all.values()) {
    if (save.ended === undefined || found.has(save.token)) continue;
    if (!mayBeReplaced(save, place, saves)) {
      problems.push(`${save.token} was acknowledged at ${save.path}, and is gone`);
    }
  }
  return problems;
}

/** True if a later save of the same path, even a killed one, may have replaced it. */
function mayBeReplaced(
  { token, path, begun }: Save,
  { plan }: AttackedPlace,
  saves: Saves,
): boolean {
  if (plan === "moves") return false;
  const others = [...saves.all.values()].filter((other) =>
    other.path === path && other.token !== token
  );
  return others.some(({ ended = Infinity }) => ended >= begun);
}

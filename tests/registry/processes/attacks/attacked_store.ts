// A store that kills its process at a call, loses replies and refuses deletions.
import process from "node:process";
import { createLocalBackend } from "../../../../backends/local.ts";
import type { Backend } from "../../../../core/backend.ts";
import { RegistryError } from "../../../../core/errors.ts";
import { openServerStore, type ServerPlace } from "../../../support/servers/server_store.ts";
import { createRandom, type Random } from "../../../simulate/random.ts";

/** The store of an attack: a folder, or a bucket of a server. */
export type AttackPlace = { path: string } | { server: ServerPlace; prefix: string };

/** The events of one round in a process. */
export interface Attack {
  round: number;
  /** The seed of its randomness. */
  seed: number;
  /** The call of the store at which the process is killed. @default none */
  dieAt?: number;
  /** Rate of lost replies to puts, from 0 to 1. */
  lost: number;
  /** Rate of refused deletions, from 0 to 1. */
  kept: number;
}

export interface AttackedStore {
  backend: Backend;
  /** Starts a round. Returns its randomness. */
  begin(attack: Attack): Random;
}

export async function openPlace(place: AttackPlace): Promise<Backend> {
  if ("path" in place) return createLocalBackend({ path: place.path, durability: "os" });
  return await openServerStore(place.server, { prefix: place.prefix });
}

/** Opens the store of a place for a process that is attacked. */
export async function openAttackedStore(place: AttackPlace): Promise<AttackedStore> {
  const inner = await openPlace(place);
  let attack: Attack = { round: 0, seed: 0, lost: 0, kept: 0 };
  let random = createRandom(0);
  let calls = 0;

  async function call<T>(verb: string, key: string, act: () => Promise<T>): Promise<T> {
    const isLast = ++calls === attack.dieAt;
    if (isLast && random.chance(0.5)) await die();
    if (verb.startsWith("delete") && random.chance(attack.kept)) throw refused(inner, verb, key);
    const result = await act();
    if (isLast) await die();
    if (verb === "put" && random.chance(attack.lost)) throw refused(inner, verb, key);
    return result;
  }

  const backend = new Proxy(inner, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== "function") return member;
      const bound = member.bind(target) as (key: string, ...rest: unknown[]) => Promise<unknown>;
      if (
        typeof name === "symbol" ||
        !["head", "get", "put", "delete", "deleteMany", "sync"].includes(name)
      ) {
        return bound;
      }
      return (key: string, ...rest: unknown[]) => call(name, key, () => bound(key, ...rest));
    },
  });
  return {
    backend,
    begin(next) {
      attack = next;
      calls = 0;
      return random = createRandom(next.seed);
    },
  };
}

async function die(): Promise<never> {
  process.kill(process.pid, "SIGKILL");
  return await new Promise(() => {});
}

function refused({ location }: Backend, verb: string, key: string): RegistryError {
  const maybe = verb === "put" ? { maybeWritten: true } : {};
  return new RegistryError({
    code: "Unavailable",
    message: `Cannot ${verb}: lost`,
    key,
    backend: location,
    ...maybe,
  });
}

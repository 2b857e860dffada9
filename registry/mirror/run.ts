// One run of a mirror, as its parts see it.
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { Origin } from "../../core/record/record.ts";
import { backoffMs } from "../../core/retry.ts";
import type { VersionRange } from "../../core/naming/versions.ts";
import type { Logger } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import type { Context } from "../opening/context.ts";
import { nameFolder } from "../layout.ts";
import type { MirrorCell } from "./cells.ts";
import type { MirrorItem } from "./report.ts";

const MAX_TRIES = 5;

export interface AnyRun {
  readonly system: System;
  /** Hears of what is tried again. */
  readonly logger: Logger;
  readonly range?: VersionRange;
  readonly aliases: boolean;
  readonly deleted: boolean;
  readonly verify: boolean;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
  /** Does something for each item, so many at once in the whole run. */
  forEach<T>(items: readonly T[], task: (item: T) => Promise<unknown>): Promise<void>;
  /** Hears of bytes that were moved. */
  moved(bytes: number): void;
  done(item: MirrorItem): void;
}

export interface MirrorRun extends AnyRun {
  readonly from: Context;
  readonly to: Context;
}

export interface NamePair {
  name: string;
  target: string;
}

export interface CellPair extends NamePair {
  source: MirrorCell;
  /** In the target, where there is one. */
  there?: MirrorCell;
}

export type Outcome =
  | { action: "copied"; generation: number; files?: number; bytes?: number }
  | { action: "skipped"; generation?: number }
  | { action: "deleted"; generation?: number }
  | { action: "gone" };

export function cellThere({ target, source }: CellPair): string {
  return `${nameFolder(target)}${source.path}`;
}

/** Where a record was written first: one and the same for a version and all its mirrors. */
export function originOf(
  context: Context,
  { commit, origin }: { commit: string; origin?: Origin },
): Origin {
  return origin ?? { registry: context.id, commit };
}

/** Tries again what may pass: a busy store, a lost reply, another writer in between. */
export async function persist<T>(run: AnyRun, attempt: (first: boolean) => Promise<T>): Promise<T> {
  const { system, logger } = run;
  for (let tries = 1;; tries++) {
    try {
      return await attempt(tries === 1);
    } catch (error) {
      run.signal?.throwIfAborted();
      if (tries >= MAX_TRIES || !mayPass(error)) throw error;
      logger.debug(`mirror: tries again: ${(error as Error).message}`);
      await system.sleep(backoffMs(tries, system.random), run.signal);
    }
  }
}

const decided = new WeakSet<WeakKey>();

/** Marks an error as the mirror's own decision, which another look does not change. */
export function decision<E extends Error>(error: E): E {
  decided.add(error);
  return error;
}

export function changedMeanwhile({ to }: MirrorRun, action: string): RegistryError {
  return fault({
    code: "Conflict",
    action,
    state: "it was changed meanwhile",
    hint: "Run the mirror again.",
    backend: to.backend.location,
  });
}

function mayPass(error: unknown): boolean {
  if (!isRegistryError(error) || decided.has(error)) return false;
  return error.retry !== "never" || error.code === "AlreadyExists" || error.code === "Conflict";
}

// What notes hold to say which registry they are of, and where it lies: in a copy of the store the
// settings have another time, and what was noted beside writers may have been copied without what
// they wrote.
import type { Context } from "./context.ts";

type Stamped = Pick<Context, "id" | "createdAt">;

export function stampOf({ id, createdAt }: Stamped): { registry: string; settingsAt: number } {
  return { registry: id, settingsAt: Math.floor(createdAt / 1000) * 1000 }; // of one file Deno tells whole seconds, Node more
}

export function isOfStore(registry: Stamped, note: unknown): boolean {
  const { registry: id, settingsAt } = (note ?? {}) as Partial<Record<string, unknown>>;
  const own = stampOf(registry);
  return id === own.registry && settingsAt === own.settingsAt;
}

// Runs belong to the token that began them. Others need a right on the name.
import type { Access } from "../../../apps/gateways.ts";
import type { Registry } from "../../../mod.ts";
import { orMissing } from "../../../core/kernel.ts";
import { readLoggedRun } from "../mod.ts";

/** Throws `Denied` if a draft is a run that another token began, without the right to delete it. */
export async function checkDiscard(
  registry: Registry,
  { name, draft }: { name: string; draft: string },
  asked: Asked,
): Promise<void> {
  const [, id] = /^run:(.+)$/s.exec(draft) ?? [];
  if (id !== undefined) await checkOwn(registry, { name, id }, "delete", asked);
}

interface Asked {
  access: Access;
  signal?: AbortSignal;
}

/** Throws `Denied` unless a token began a run, or has this right on its name. */
export async function checkOwn(
  registry: Registry,
  { name, id }: { name: string; id: string },
  right: "read" | "delete",
  { access, signal }: Asked,
): Promise<void> {
  if (access.may(right, name)) return;
  const run = await orMissing(readLoggedRun(registry, name, { id, lines: false, signal }));
  const isOwn = access.token !== undefined && run?.by?.token === access.token;
  if (run !== undefined && !isOwn) access.check(right, name);
}

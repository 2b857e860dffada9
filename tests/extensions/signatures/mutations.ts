// A signed version, whose bundle, statement, files and keys tests change.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openRegistry, type Registry, RegistryError } from "../../../mod.ts";
import {
  addSignature,
  checkSignatures,
  signatureBundle,
  signVersion,
} from "../../../extensions/signatures/signatures.ts";
import { ecKeys, type KeyPair, NAME } from "./signed.ts";

// deno-lint-ignore no-explicit-any -- JSON that tests damage
export type Json = any;
type Mode = "link" | "folder" | "executable";
export interface Entry {
  text: string;
  mode?: Mode;
}
/** A change: its name, its code, and the reason that the refusal names. */
export type Change<Of> = readonly [what: string, change: (of: Of) => unknown, reason: RegExp];

export const FILES: Record<string, Entry> = {
  "a.bin": { text: "one" },
  "b/c.bin": { text: "two" },
  "b/déjà.bin": { text: "three" },
  "empty": { text: "" },
};

/** A version of these files in a new registry. */
export async function saved(files: Record<string, Entry> = FILES): Promise<Registry> {
  const registry = await openRegistry("memory:", { mutable: true });
  const all = Object.entries(files).map(([path, { text, mode }]) => ({
    path,
    mode,
    content: new TextEncoder().encode(text),
  }));
  const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => all };
  await registry.save(NAME, 0, { as });
  return registry;
}

export const KEYS = ecKeys();

export async function bundleOf(keys: KeyPair = KEYS): Promise<Json> {
  await using registry = await saved();
  const { id } = await signVersion(registry, NAME, { key: keys.privateKey });
  return JSON.parse(await signatureBundle(registry, NAME, { key: id }));
}

/** Adds a bundle and checks it. Returns why it is refused, or "accepted". */
export async function refusalOf(
  bundle: string,
  { files = FILES, signedBy = KEYS.publicKey }: {
    files?: Record<string, Entry>;
    signedBy?: string;
  } = {},
): Promise<string> {
  await using registry = await saved(files);
  try {
    await addSignature(registry, NAME, { bundle });
  } catch (error) {
    assert(error instanceof RegistryError, String(error));
    return error.message;
  }
  const { ok, missing, signatures } = await checkSignatures(registry, NAME, { signedBy });
  assertEquals(ok, missing.length === 0);
  return ok ? "accepted" : signatures.map(({ state, problem = "" }) => `${state}: ${problem}`)
    .join("; ");
}

export async function areRefused(
  cases: readonly { what: string; bundle: string; reason: RegExp }[],
): Promise<void> {
  for (const { what, bundle, reason } of cases) {
    const refusal = await refusalOf(bundle);
    assertMatch(refusal, reason, `${what}: ${refusal}`);
  }
}

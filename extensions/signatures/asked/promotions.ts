// Requests for promotions: a label of the version, which asks people to move an alias to it. A
// request is open until the alias changes in any way, so that nothing has to close it.
import {
  checkOptions,
  conflict,
  invalid,
  isRegistryError,
  notFound,
  realSystem,
  shown,
} from "../../../core/kernel.ts";
import { type AliasChange, annotate, type Author, readAnnotations } from "../../../registry/mod.ts";
import { type ArtifactInfo, readLog, type Registry, type System } from "../../../mod.ts";
import { isDeepStrictEqual } from "node:util";
import { ASKED, type AskedLabel, readAsked } from "./label.ts";

/** A request to move an alias to a version. */
export interface AskedPromotion {
  name: string;
  version: string;
  alias: string;
  /** The version that the alias points to; absent if it does not exist. */
  current?: string;
  /** By the clock of the machine that asked. */
  askedAt: Date;
  /** The author of the request, if known. */
  by?: Author;
  note?: string;
}

/** Options of {@linkcode askPromotion}. */
export interface AskPromotionOptions {
  alias: string;
  /** Text for those who decide, at most 1,000 characters. */
  note?: string;
  /** The clock. @default that of the machine */
  system?: System;
  signal?: AbortSignal;
}

const MOST_CHARACTERS = 1_000;
/** Others may change labels meanwhile. */
const ATTEMPTS = 5;

/**
 * Asks people to move an alias to a version. They answer by moving it; any change of the alias ends
 * the request.
 *
 * @throws {RegistryError} `Conflict` if the alias points to the version, or the version is asked for
 * under another alias; `NotFound` if there is no such version
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { askedPromotions, askPromotion } from "@holdfast/holdfast/signatures";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("models:digits", { layers: 3 });
 * await askPromotion(registry, "models:digits@1", { alias: "production", note: "Best so far" });
 * const [asked] = await Array.fromAsync(askedPromotions(registry));
 * assertEquals([asked?.version, asked?.alias], ["1.0.0", "production"]);
 *
 * await registry.setAlias("models:digits", "production", "1");
 * assertEquals(await Array.fromAsync(askedPromotions(registry)), []);
 * ```
 */
export async function askPromotion(
  registry: Registry,
  ref: string,
  options: AskPromotionOptions,
): Promise<AskedPromotion> {
  const { alias, note, system = realSystem, signal } = checkOptions(
    `ask for a promotion of ${shown(ref)}`,
    options,
    { alias: { sent: "text" }, note: { sent: "text" }, system: {}, signal: {} },
    ["alias"],
  );
  if (note !== undefined && note.length > MOST_CHARACTERS) {
    throw invalid("ask for a promotion of", shown(ref), "the note is too long", {
      hint: `Use at most ${MOST_CHARACTERS} characters.`,
    });
  }
  const { name, version } = await registry.info(ref, { signal });
  for (let attempt = 1;; attempt++) {
    const change = await lastChange(registry, name, alias);
    const subject = shown(`${name}@${version}`);
    if (change?.version === version) {
      const state = `the alias ${shown(alias)} points to it`;
      throw conflict("ask for a promotion of", subject, state, {
        hint: "Ask for another version.",
      });
    }
    const { labels = {}, revision = 0 } = await readAnnotations(registry, `${name}@${version}`) ??
      {};
    const other = readAsked(labels);
    if (other !== undefined && other.alias !== alias && await isOpen(registry, name, other)) {
      const state = `it is asked for as ${shown(other.alias)}`;
      throw conflict("ask for a promotion of", subject, state, {
        hint: "Withdraw that request first.",
      });
    }
    const at = new Date(system.now()).toISOString();
    const value = { alias, since: change?.commit ?? null, at, note: note ?? null };
    try {
      const settings = { ifRevision: revision, signal };
      await annotate(registry, `${name}@${version}`, { labels: { [ASKED]: value } }, settings);
    } catch (error) {
      if (isRegistryError(error, "Conflict") && attempt < ATTEMPTS) continue;
      throw error;
    }
    return { name, version, alias, current: change?.version, askedAt: new Date(at), note };
  }
}

/** Options of {@linkcode withdrawPromotion}. */
export type WithdrawPromotionOptions = Pick<AskPromotionOptions, "alias" | "signal">;

/**
 * Withdraws the request to move an alias to a version.
 *
 * @throws {RegistryError} `NotFound` if there is no such version or request
 */
export async function withdrawPromotion(
  registry: Registry,
  ref: string,
  options: WithdrawPromotionOptions,
): Promise<{ name: string; version: string; alias: string }> {
  const { alias, signal } = checkOptions(
    `withdraw the request for ${shown(ref)}`,
    options,
    { alias: { sent: "text" }, signal: {} },
    ["alias"],
  );
  const { name, version, annotations } = await registry.info(ref, { annotations: true, signal });
  const exact = `${name}@${version}`;
  if (readAsked(annotations?.labels ?? {})?.alias !== alias) {
    const state = `nobody asked for it as ${shown(alias)}`;
    throw notFound("withdraw the request for", shown(exact), state, {
      hint: "List the requests, and pass the version and the alias of one.",
    });
  }
  const settings = { ifRevision: annotations?.revision, signal }; // another may have asked since
  await annotate(registry, exact, { labels: { [ASKED]: null } }, settings);
  return { name, version, alias };
}

/** Options of {@linkcode askedPromotions}. */
export interface AskedPromotionsOptions {
  /** Only names that begin with this. @default all */
  prefix?: string;
  signal?: AbortSignal;
}

/** Lists open requests by name, newest version first. Lists the labels of all versions. */
export async function* askedPromotions(
  registry: Registry,
  options: AskedPromotionsOptions = {},
): AsyncGenerator<AskedPromotion> {
  const { prefix, signal } = checkOptions("list requests for promotions", options, {
    prefix: { sent: "text" },
    signal: {},
  });
  for await (const name of registry.names({ prefix, signal })) {
    for await (const entry of registry.versions(name, { annotations: true, signal })) {
      const { version, annotations } = entry;
      const asked = readAsked(annotations?.labels ?? {});
      if (asked === undefined) continue;
      const change = await lastChange(registry, name, asked.alias);
      if (!isOpenAt(asked, change) || change?.version === version) continue;
      const by = await authorOf(registry, { name, version }, annotations?.labels[ASKED]);
      yield {
        name,
        version,
        alias: asked.alias,
        current: change?.version,
        askedAt: new Date(asked.at),
        by,
        note: asked.note,
      };
    }
  }
}

async function lastChange(
  registry: Registry,
  name: string,
  alias: string,
): Promise<AliasChange | undefined> {
  try {
    for await (const change of registry.history(name, alias, { limit: 1 })) return change;
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
  }
}

async function isOpen(registry: Registry, name: string, asked: AskedLabel): Promise<boolean> {
  return isOpenAt(asked, await lastChange(registry, name, asked.alias));
}

function isOpenAt({ since }: AskedLabel, change: AliasChange | undefined): boolean {
  return since === change?.commit;
}

/** Returns who gave a version its request. */
async function authorOf(
  registry: Registry,
  { name, version }: Pick<ArtifactInfo, "name" | "version">,
  value: unknown,
): Promise<Author | undefined> {
  let by: Author | undefined;
  for await (const entry of readLog(registry, name)) {
    if (entry.event !== "annotated" || entry.version !== version) continue;
    if (!isDeepStrictEqual(entry.labels?.[ASKED], value)) break;
    by = entry.by;
  }
  return by;
}

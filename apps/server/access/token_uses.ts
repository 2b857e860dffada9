// When and from where each token was last used: noted in memory at each request, and at most once a
// minute in `TOKENS.used` beside the token file. Several services may share it: each keeps what the
// others wrote, and a time may be a minute late.
import { readFile } from "node:fs/promises";
import type { Logger, System } from "../../../mod.ts";
import { messageOf } from "../../../core/errors.ts";
import { isGranted } from "../../../core/system.ts";
import { replaceFile } from "../../change_file.ts";

/** The last use of a token. */
export interface TokenUse {
  /** ISO 8601. */
  at: string;
  /** The address of its sender, if it is known. */
  from?: string;
}

const WRITE_EVERY_MS = 60_000;

function fileOf(tokens: string): string {
  return `${tokens}.used`;
}

/**
 * Returns the last use of each token of a file, undefined if no service could note it. A damaged
 * file is empty: services write it again.
 */
export async function readTokenUses(
  tokens: string,
): Promise<ReadonlyMap<string, TokenUse> | undefined> {
  const file = fileOf(tokens);
  if (!isGranted({ name: "read", path: file })) return undefined;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return undefined;
  }
  return parsed(text);
}

function parsed(text: string): Map<string, TokenUse> {
  const uses = new Map<string, TokenUse>();
  try {
    const entries = Object.entries(JSON.parse(text).tokens as Record<string, Partial<TokenUse>>);
    for (const [id, { at, from }] of entries) {
      if (typeof at !== "string" || Number.isNaN(Date.parse(at))) continue;
      uses.set(id, { at, ...typeof from === "string" && { from } });
    }
  } catch { // damaged
  }
  return uses;
}

export class TokenUses {
  readonly #tokens: string;
  readonly #system: Pick<System, "now" | "monotonic">;
  readonly #logger: Partial<Pick<Logger, "warn">> | undefined;
  readonly #uses = new Map<string, TokenUse>();
  #isNew = false;
  #writtenAt = -Infinity;
  #writing: Promise<void> | undefined;
  #hasWarned = false;

  constructor(
    tokens: string,
    { system, logger }: {
      system: Pick<System, "now" | "monotonic">;
      logger?: Partial<Pick<Logger, "warn">>;
    },
  ) {
    this.#tokens = tokens;
    this.#system = system;
    this.#logger = logger;
  }

  /** Notes a use now. Writes in the background if the last time is a minute ago. */
  note(id: string, from: string | undefined, known: (id: string) => boolean): void {
    const at = new Date(this.#system.now()).toISOString();
    this.#uses.set(id, { at, ...from !== undefined && { from } });
    this.#isNew = true;
    if (this.#system.monotonic() - this.#writtenAt >= WRITE_EVERY_MS) void this.write(known);
  }

  /** Returns seconds since 1970 by token. */
  seconds(): Record<string, number> {
    const times = Array.from(this.#uses, ([id, { at }]) => [id, Date.parse(at) / 1000]);
    return Object.fromEntries(times);
  }

  /** Writes the new uses, and waits for a running write. Never fails. */
  async write(known: (id: string) => boolean): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (!this.#isNew) return;
    this.#isNew = false;
    this.#writtenAt = this.#system.monotonic();
    this.#writing = this.#writeFile(known).catch((error) => this.#warn(error));
    await this.#writing;
    this.#writing = undefined;
  }

  async #writeFile(known: (id: string) => boolean): Promise<void> {
    const file = fileOf(this.#tokens);
    if (!isGranted({ name: "write", path: file })) return; // Deno would ask on the terminal
    for (const [id, use] of await readTokenUses(this.#tokens) ?? []) {
      if (use.at > (this.#uses.get(id)?.at ?? "")) this.#uses.set(id, use);
    }
    for (const id of this.#uses.keys()) if (!known(id)) this.#uses.delete(id); // removed tokens
    const tokens = Object.fromEntries(this.#uses);
    const content = `${JSON.stringify({ format: 1, tokens }, undefined, 2)}\n`;
    replaceFile("note the use of tokens in", file, { content, mode: 0o600 });
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#logger?.warn?.(`Cannot note when tokens are used: ${messageOf(error)}`);
  }
}

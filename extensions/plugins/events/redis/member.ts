// Redis commands of a group member.
import type { System } from "../../../../mod.ts";
import { messageOf, withDeadline } from "../../../../core/kernel.ts";
import type { RedisCommand, RedisConnection } from "../../../queues/redis.ts";
import { FORGET, LEAVE, LOST, RENEW, TRIM } from "./scripts.ts";

export interface GroupPlace {
  stream: string;
  commands: RedisConnection;
  connect(name: string): Promise<RedisConnection>;
  /** Milliseconds after which a silent member counts as lost. */
  takeOverAfterMs: number;
  system: System;
}

export interface Entry {
  id: string;
  /** Untrusted: other programs may write to the stream. */
  text: unknown;
  deliveries: number;
}

export type Failures = readonly (readonly [id: string, failures: number])[];

/** Milliseconds after which idle members without events are deleted. */
const FORGOTTEN_AFTER_MS = 24 * 60 * 60 * 1000;

export class Member {
  readonly #group: string;
  readonly #name: string;
  readonly #place: GroupPlace;

  constructor({ group, name }: { group: string; name: string }, place: GroupPlace) {
    this.#group = group;
    this.#name = name;
    this.#place = place;
  }

  async create(): Promise<void> {
    const { commands, stream } = this.#place;
    try {
      await commands.send(["XGROUP", "CREATE", stream, this.#group, "$", "MKSTREAM"]);
    } catch (error) {
      if (!/BUSYGROUP/.test(messageOf(error))) throw error;
    }
  }

  /**
   * Creates the group again if an error means that it is gone, as after a restart of a volatile
   * server.
   */
  async createAgain(error: unknown): Promise<boolean> {
    if (!/NOGROUP|no such key/i.test(messageOf(error))) return false;
    return await this.create().then(() => true, () => false);
  }

  /** Waits for new events. `lost` is the number of trimmed events before them. */
  async read(
    connection: RedisConnection,
    { count, blockMs }: { count: number; blockMs: number },
  ): Promise<{ entries: Entry[]; lost: number }> {
    const { stream } = this.#place;
    const group = this.#group;
    const options: RedisCommand = ["COUNT", count, "BLOCK", blockMs, "STREAMS", stream, ">"];
    const commands: RedisCommand[] = [
      ["EVAL", LOST, 1, stream, group],
      ["XREADGROUP", "GROUP", group, this.#name, ...options],
    ];
    let lost: unknown, answer: unknown;
    try {
      [lost, answer] = await connection.sendAll(commands, { withinMs: 3 * blockMs });
    } catch (error) {
      // Others cannot receive the events sent to a hanging connection.
      if (/timed out|timeout/i.test(messageOf(error))) connection.reset();
      throw error;
    }
    const [[, listed]] = (answer ?? [[stream, []]]) as [[string, StreamEntry[]]];
    const entries = entriesOf(listed).map((entry) => ({ ...entry, deliveries: 1 }));
    return { entries, lost: Number(lost) };
  }

  async wake(connection: RedisConnection, reading: Promise<void>): Promise<void> {
    // A blocking read ends after a few seconds, or at once if the server can unblock it.
    const over = reading.then(() => true);
    await this.#unblock().catch(() => {});
    await withDeadline(over, { timeoutMs: 1_000 }).catch(() => connection.reset());
  }

  /** Takes over events of dead or closed members. `gone` is the number of deleted events. */
  async takeOver(count: number): Promise<{ entries: Entry[]; gone: number }> {
    const { commands, stream, takeOverAfterMs } = this.#place;
    const group = this.#group;
    const claim: RedisCommand = ["XAUTOCLAIM", stream, group, this.#name, takeOverAfterMs, "0-0"];
    const answer = await commands.send([...claim, "COUNT", count]);
    const [, listed, deleted = []] = answer as [string, StreamEntry[], string[]?];
    const claimed = entriesOf(listed);
    const asked = claimed.map(({ id }): RedisCommand => ["XPENDING", stream, group, id, id, 1]);
    const counts = claimed.length === 0
      ? []
      : await commands.sendAll(asked) as [string, string, number, number][][];
    const entries = claimed.map((entry, index) => ({
      ...entry,
      deliveries: counts[index]?.[0]?.[3] ?? 1,
    }));
    return { entries, gone: deleted.length };
  }

  async acknowledge(...ids: string[]): Promise<void> {
    const { commands, stream } = this.#place;
    await commands.send(["XACK", stream, this.#group, ...ids]);
  }

  /** Renews events of this member, and returns those that others have taken over. */
  async renew(failures: Failures): Promise<string[]> {
    if (failures.length === 0) return [];
    return await this.#run(RENEW, this.#group, this.#name, ...failures.flat()) as string[];
  }

  async trim(): Promise<void> {
    await this.#run(TRIM, FORGOTTEN_AFTER_MS);
  }

  async leave(failures: Failures): Promise<void> {
    await this.#run(LEAVE, this.#group, this.#name, ...failures.flat());
  }

  async forgetGroup(): Promise<void> {
    await this.#run(FORGET, this.#group);
  }

  async #unblock(): Promise<void> {
    const { commands } = this.#place;
    const clients = String(await commands.send(["CLIENT", "LIST", "TYPE", "normal"]));
    const line = clients.split("\n").find((client) => client.includes(` name=${this.#name} `));
    const id = /\bid=(\d+)/.exec(line ?? "")?.[1];
    if (id !== undefined) await commands.send(["CLIENT", "UNBLOCK", id]);
  }

  #run(script: string, ...args: (string | number)[]): Promise<unknown> {
    const { commands, stream } = this.#place;
    return commands.send(["EVAL", script, 1, stream, ...args]);
  }
}

type StreamEntry = [id: string, fields: string[] | null] | null;

/** Null entries were deleted meanwhile, by the trimming of an older Redis. */
function entriesOf(listed: readonly StreamEntry[]): { id: string; text: unknown }[] {
  return listed.flatMap((entry) =>
    entry === null || entry[1] === null ? [] : [{ id: entry[0], text: entry[1][1] }]
  );
}

// What a member of a group asks of Redis.
import { messageOf } from "../../../core/errors.ts";
import { withDeadline } from "../../../core/retry.ts";
import type { System } from "../../../core/system.ts";
import type { RedisCommand, RedisConnection } from "../../../queues/redis.ts";
import { FORGET, LEAVE, LOST, RENEW, TRIM } from "./scripts.ts";

export interface GroupPlace {
  stream: string;
  commands: RedisConnection;
  connect(name: string): Promise<RedisConnection>;
  /** After so long a member that says nothing is taken for dead, milliseconds. */
  takeOverAfterMs: number;
  system: System;
}

export interface Entry {
  id: string;
  /** What was written; anything, where another program did. */
  text: unknown;
  deliveries: number;
}

export type Failures = readonly (readonly [id: string, failures: number])[];

export interface Member {
  create(): Promise<void>;
  /** The same where an error says that it is gone, as a server that keeps nothing was started again; else false. */
  createAgain(error: unknown): Promise<boolean>;
  /** Waits for new events on a connection of its own. `lost`: so many before them were trimmed. */
  read(
    connection: RedisConnection,
    options: { count: number; blockMs: number },
  ): Promise<{ entries: Entry[]; lost: number }>;
  wake(connection: RedisConnection, reading: Promise<void>): Promise<void>;
  /** Takes events of members that are taken for dead, or have left. `gone`: of so many nothing is there any more. */
  takeOver(count: number): Promise<{ entries: Entry[]; gone: number }>;
  acknowledge(...ids: string[]): Promise<void>;
  /** Keeps these for this member, and returns those that are not its own any more. */
  renew(failures: Failures): Promise<string[]>;
  trim(): Promise<void>;
  leave(failures: Failures): Promise<void>;
  forgetGroup(): Promise<void>;
}

/** Members that have nothing, and said nothing for so long, are forgotten, milliseconds. */
const FORGOTTEN_AFTER_MS = 24 * 60 * 60 * 1000;

export function createMember(
  { group, name }: { group: string; name: string },
  { stream, commands, takeOverAfterMs }: GroupPlace,
): Member {
  const run = (script: string, ...args: (string | number)[]) =>
    commands.send(["EVAL", script, 1, stream, ...args]);

  async function create(): Promise<void> {
    try {
      await commands.send(["XGROUP", "CREATE", stream, group, "$", "MKSTREAM"]);
    } catch (error) {
      if (!/BUSYGROUP/.test(messageOf(error))) throw error;
    }
  }

  return {
    create,
    async createAgain(error) {
      if (!/NOGROUP|no such key/i.test(messageOf(error))) return false;
      return await create().then(() => true, () => false);
    },
    async read(connection, { count, blockMs }) {
      const command: RedisCommand = [
        "XREADGROUP",
        "GROUP",
        group,
        name,
        "COUNT",
        count,
        "BLOCK",
        blockMs,
        "STREAMS",
        stream,
        ">",
      ];
      let lost: unknown, answer: unknown;
      try {
        [lost, answer] = await connection.sendAll([["EVAL", LOST, 1, stream, group], command], {
          withinMs: 3 * blockMs,
        });
      } catch (error) {
        // A connection that hangs would keep what it was sent from everybody.
        if (/timed out|timeout/i.test(messageOf(error))) connection.reset();
        throw error;
      }
      const [[, listed]] = (answer ?? [[stream, []]]) as [[string, StreamEntry[]]];
      return {
        entries: entriesOf(listed).map((entry) => ({ ...entry, deliveries: 1 })),
        lost: Number(lost),
      };
    },
    async wake(connection, reading) {
      // It waits for a few seconds at most; where the server says who waits, less.
      const over = reading.then(() => true);
      const ask = async () => {
        const clients = String(await commands.send(["CLIENT", "LIST", "TYPE", "normal"]));
        const line = clients.split("\n").find((client) => client.includes(` name=${name} `));
        const id = /\bid=(\d+)/.exec(line ?? "")?.[1];
        if (id !== undefined) await commands.send(["CLIENT", "UNBLOCK", id]);
      };
      await ask().catch(() => {});
      await withDeadline(over, { timeoutMs: 1_000 }).catch(() => connection.reset());
    },
    async takeOver(count) {
      const answer = await commands.send([
        "XAUTOCLAIM",
        stream,
        group,
        name,
        takeOverAfterMs,
        "0-0",
        "COUNT",
        count,
      ]);
      const [, listed, deleted = []] = answer as [string, StreamEntry[], string[]?];
      const found = entriesOf(listed);
      const asked = found.map(({ id }): RedisCommand => ["XPENDING", stream, group, id, id, 1]);
      const counts = found.length === 0
        ? []
        : await commands.sendAll(asked) as [string, string, number, number][][];
      const entries = found.map((entry, index) => ({
        ...entry,
        deliveries: counts[index]?.[0]?.[3] ?? 1,
      }));
      return { entries, gone: deleted.length };
    },
    acknowledge: async (...ids) => void await commands.send(["XACK", stream, group, ...ids]),
    async renew(failures) {
      return failures.length === 0
        ? []
        : await run(RENEW, group, name, ...failures.flat()) as string[];
    },
    trim: async () => void await run(TRIM, FORGOTTEN_AFTER_MS),
    leave: async (failures) => void await run(LEAVE, group, name, ...failures.flat()),
    forgetGroup: async () => void await run(FORGET, group),
  };
}

type StreamEntry = [id: string, fields: string[] | null] | null;

/** What is null was deleted meanwhile, by the trimming of an older Redis. */
function entriesOf(listed: readonly StreamEntry[]): { id: string; text: unknown }[] {
  return listed.flatMap((entry) =>
    entry === null || entry[1] === null ? [] : [{ id: entry[0], text: entry[1][1] }]
  );
}

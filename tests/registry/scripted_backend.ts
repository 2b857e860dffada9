// A store with scripted answers that records all calls.
import type {
  Backend,
  CallOptions,
  ObjectInfo,
  Prefix,
  PutOptions,
  PutResult,
} from "../../core/backend.ts";
import type { StoredObject, SweepOptions } from "../../core/backend.ts";
import { bodyBytes, bytesStream } from "../../core/bytes/bytes.ts";
import { withoutExtras } from "../simulate/stores/like.ts";
import { type ErrorCode, RegistryError } from "../../core/errors.ts";

export interface Call {
  verb: "head" | "get" | "put" | "delete" | "list" | "sweepUploads" | "sync";
  /** The key, the prefix of a list, or the joined keys of a sync. */
  key: string;
  mode?: "create" | "overwrite";
  bytes?: Uint8Array;
}

/** Selects calls. */
export interface CallPattern {
  verb?: Call["verb"];
  key?: RegExp;
  mode?: Call["mode"];
}

/** Answers a call; `act` sends it to the store. */
export type Answer = (act: () => Promise<unknown>, call: Call) => unknown;

export interface ScriptedBackend extends Backend {
  readonly calls: Call[];
  /** Answers the next matching calls, one each. */
  answer(pattern: CallPattern, ...answers: Answer[]): void;
  /** Answers all matching calls. */
  answerAll(pattern: CallPattern, answer: Answer): void;
  /** Lets the store answer all calls. */
  heal(): void;
  forget(): void;
  /** Returns the calls in short: `put names/…`. */
  asked(pattern?: CallPattern): string[];
}

const PAGE_SIZE = 1000;

export function createScriptedBackend(inner: Backend): ScriptedBackend {
  const calls: Call[] = [];
  let script: { pattern: CallPattern; answers: Answer[]; once: boolean }[] = [];

  async function send<T>(
    call: Call,
    signal: AbortSignal | undefined,
    act: () => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    calls.push(call);
    const line = script.find(({ pattern, answers }) => answers.length > 0 && fits(pattern, call));
    const answer = line?.once ? line.answers.shift() : line?.answers[0];
    return (answer === undefined ? await act() : await answer(act, call)) as T;
  }

  const backend: ScriptedBackend = {
    ...withoutExtras(inner),
    calls,
    answer: (pattern, ...answers) => void script.push({ pattern, answers, once: true }),
    answerAll: (pattern, answer) => void script.push({ pattern, answers: [answer], once: false }),
    heal: () => void (script = []),
    forget: () => void (calls.length = 0),
    asked: (pattern = {}) =>
      calls.filter((call) => fits(pattern, call)).map(({ verb, key }) => `${verb} ${key}`),

    head: (key, { signal }: CallOptions = {}) =>
      send({ verb: "head", key }, signal, () => inner.head(key)),

    get(key, { range, signal } = {}) {
      return send({ verb: "get", key }, signal, async () => {
        const found = await inner.get(key, { range });
        return found === undefined ? undefined : withBytes(found.info, await found.bytes());
      });
    },

    async put(key, body, { signal, ...rest }: PutOptions = {}): Promise<PutResult> {
      const bytes = await bodyBytes(body);
      const call: Call = { verb: "put", key, mode: rest.mode ?? "overwrite", bytes };
      return await send(call, signal, () => inner.put(key, bytes, rest));
    },

    delete: (key, { signal } = {}) =>
      send({ verb: "delete", key }, signal, () => inner.delete(key)),

    async *list(
      prefix,
      { limit = Infinity, signal, ...rest } = {},
    ): AsyncGenerator<ObjectInfo | Prefix> {
      let after = rest.after;
      for (let left = limit; left > 0; left -= PAGE_SIZE) {
        const size = Math.min(left, PAGE_SIZE);
        const options = { ...rest, after, limit: size };
        const ask = () => Array.fromAsync(inner.list(prefix, options));
        const page = await send({ verb: "list", key: prefix }, signal, ask);
        yield* page;
        if (page.length < size) return;
        const last = page[page.length - 1];
        after = "key" in last ? last.key : last.prefix;
      }
    },

    ...(inner.sweepUploads && {
      async *sweepUploads(options: SweepOptions) {
        const ask = () => Array.fromAsync(inner.sweepUploads!(options));
        yield* await send({ verb: "sweepUploads", key: "" }, options.signal, ask);
      },
    }),
    ...(inner.sync && {
      sync: (keys: readonly string[], { signal }: CallOptions = {}) =>
        send({ verb: "sync", key: keys.join(" ") }, signal, () => inner.sync!(keys)),
    }),
  };
  return backend;
}

function fits(pattern: CallPattern, call: Call): boolean {
  const { verb = call.verb, mode = call.mode, key } = pattern;
  return verb === call.verb && mode === call.mode && (key?.test(call.key) ?? true);
}

function withBytes(info: ObjectInfo, bytes: Uint8Array): StoredObject {
  return {
    info,
    get body() {
      return bytesStream(bytes);
    },
    bytes: () => Promise.resolve(bytes),
  };
}

export const pass: Answer = (act) => act();

/** Takes effect; the reply is lost. */
export const lostReply: Answer = async (act, call) => {
  await act();
  throw refusal(call, "Unavailable", true);
};

/** Takes no effect; the caller cannot know. */
export const lostRequest: Answer = (_act, call) => {
  throw refusal(call, "Unavailable", true);
};

/** Sent twice on the way; only the second reply arrives. */
export const hiddenRetry: Answer = async (act) => {
  await act();
  return await act();
};

/** Refused for now, like 429, 503 and 409 `ConditionalRequestConflict`. */
export const busy: Answer = (_act, call) => {
  throw refusal(call, "Unavailable");
};

export const denied: Answer = (_act, call) => {
  throw refusal(call, "Denied");
};

/** Returns an object with a changed byte. */
export const damaged: Answer = async (act) => {
  const found = await act() as StoredObject | undefined;
  if (found === undefined) return undefined;
  const bytes = (await found.bytes()).slice();
  bytes[bytes.length >> 1] ^= 1;
  return withBytes(found.info, bytes);
};

/** A get or head finds nothing, a list nothing more. */
export const nothing: Answer = (_act, { verb }) => verb === "list" ? [] : undefined;

/** Performs an action before the call takes effect. */
export function doing(action: () => unknown, then: Answer = pass): Answer {
  return async (act, call) => {
    await action();
    return await then(act, call);
  };
}

/** Performs an action after the effect, before the reply. */
export function followedBy(action: () => unknown, then: Answer = pass): Answer {
  return async (act, call) => {
    try {
      return await then(act, call);
    } finally {
      await action();
    }
  };
}

/** Loses the reply; the call takes effect when `land` is called. */
export function late(): { answer: Answer; land(): Promise<unknown> } {
  let landing: (() => Promise<unknown>) | undefined;
  return {
    answer(act, call) {
      landing = act;
      throw refusal(call, "Unavailable", true);
    },
    land: () => landing!(),
  };
}

function refusal({ verb, key }: Call, code: ErrorCode, maybe = false): RegistryError {
  const maybeWritten = maybe && verb === "put" ? { maybeWritten: true } : {};
  const message = `Cannot ${verb} "${key}": the script says so`;
  return new RegistryError({ code, message, hint: "Read the script.", key, ...maybeWritten });
}

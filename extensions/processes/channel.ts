// Calls between two processes, as lines of JSON over a pipe in each direction.
import { StringDecoder } from "node:string_decoder";
import type { Readable, Writable } from "node:stream";
import { isRegistryError, messageOf, parsedJson, RegistryError } from "../../core/kernel.ts";
import { fieldsOf } from "../../core/errors.ts";

/** A call that the other process did not answer before it ended. */
export class ChannelEnded extends Error {
  constructor() {
    super("Cannot call the other process: it has ended");
    this.name = "ChannelEnded";
  }
}

export interface Channel {
  /** Calls a method of the other process. Rejects with its error, or with {@linkcode ChannelEnded}. */
  call(method: string, args?: readonly unknown[]): Promise<unknown>;
  /** Resolves when the other process has ended. */
  readonly ended: Promise<void>;
}

interface ChannelOptions {
  input: Readable;
  output: Writable;
  /** Answers a call of the other process. */
  answer(method: string, args: readonly unknown[]): Promise<unknown>;
  /** Receives lines that are not messages. */
  onText(line: string): void;
}

interface Message {
  holdfast: "call" | "result" | "error";
  id: number;
  method?: string;
  args?: unknown[];
  result?: unknown;
  error?: SentError;
}

type SentError = { fields: Omit<ReturnType<typeof fieldsOf>, "cause"> } | { message: string };

export function openChannel({ input, output, answer, onText }: ChannelOptions): Channel {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const ended = Promise.withResolvers<void>();
  let hasEnded = false;
  let calls = 0;

  const send = (message: Message) => void output.write(`${JSON.stringify(message)}\n`);
  const end = () => {
    hasEnded = true;
    ended.resolve();
    for (const { reject } of waiting.values()) reject(new ChannelEnded());
    waiting.clear();
  };

  async function answerCall({ id, method = "", args = [] }: Message): Promise<void> {
    try {
      send({ holdfast: "result", id, result: await answer(method, args) });
    } catch (error) {
      send({ holdfast: "error", id, error: sentError(error) });
    }
  }

  function receive(line: string): void {
    const message = messageIn(line);
    if (message === undefined) return onText(line);
    if (message.holdfast === "call") return void answerCall(message);
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.holdfast === "result") call?.resolve(message.result);
    else call?.reject(receivedError(message.error));
  }

  const decoder = new StringDecoder("utf8");
  let rest = "";
  input.on("data", (data) => {
    const [first = "", ...others] = decoder.write(data).split("\n");
    if (others.length === 0) return void (rest += first);
    const last = others.pop() ?? "";
    for (const line of [rest + first, ...others]) receive(line);
    rest = last;
  });
  for (const event of ["end", "close", "error"]) input.on(event, end);
  output.on("error", () => {}); // the input ends too

  return {
    ended: ended.promise,
    call(method, args = []) {
      if (hasEnded) return Promise.reject(new ChannelEnded());
      const id = ++calls;
      const call = Promise.withResolvers<unknown>();
      waiting.set(id, call);
      send({ holdfast: "call", id, method, args: [...args] });
      return call.promise;
    },
  };
}

function messageIn(line: string): Message | undefined {
  return line.startsWith('{"holdfast":') ? parsedJson(line) as Message | undefined : undefined;
}

function sentError(error: unknown): SentError {
  if (!isRegistryError(error)) return { message: messageOf(error) };
  const { cause: _, ...fields } = fieldsOf(error);
  return { fields };
}

function receivedError(error: SentError | undefined): Error {
  if (error === undefined) return new Error("Cannot call the other process: no answer");
  return "fields" in error ? new RegistryError(error.fields) : new Error(error.message);
}

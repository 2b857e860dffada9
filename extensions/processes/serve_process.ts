// One of the processes of `holdfast serve --processes`. Its standard streams are a channel to the
// process that watches it; when that ends, this one finishes its requests and ends too.
import process from "node:process";
import { eitherSignal, loadPart } from "../../core/kernel.ts";
import { aborted, defineCommand, invalid } from "../../apps/cli/extending.ts";
import type { Command, CommandContext, ServerPart } from "../../apps/cli/extending.ts";
import { createCommandContext } from "../../apps/cli/program/command_context.ts";
import type { Extension } from "../../apps/cli/program/extension.ts";
import type { ProcessParts } from "../../apps/server/memory/process_parts.ts";
import {
  createServiceMemory,
  type ServiceMemory,
} from "../../apps/server/memory/service_memory.ts";
import { NO_COUNTS, type ProcessCounts } from "./counts.ts";
import { type Channel, ChannelEnded, openChannel } from "./channel.ts";
import { answerCall, memoryByCalls } from "./shared_memory.ts";
import { PROCESS_COMMAND, type StartedMessage, type StartMessage } from "./start_message.ts";

/** Creates the command for a program with these extensions. */
export function createServeProcess(extensions: readonly Extension[]): Command {
  return defineCommand({
    name: PROCESS_COMMAND,
    summary: "Serve as one of the processes of holdfast serve --processes.",
    args: [],
    options: [],
    examples: [],
    hidden: true,
    async run(_args, _flags, { io }) {
      if (io.stdin.isTerminal) {
        const hint = "Run: holdfast serve --processes 2";
        throw invalid("serve as one of several processes", "nothing started it", hint);
      }
      await new Serving(io, extensions).run();
    },
  });
}

/** The server as one of several processes. */
interface ServingPart {
  createApp(
    ...args: [...Parameters<ServerPart["createHandler"]>, parts: ProcessParts]
  ): Handler & { counts(): ProcessCounts };
  listenBeside(
    ...args: [...Parameters<ServerPart["listen"]>, processes: number]
  ): ReturnType<ServerPart["listen"]>;
}

type Handler = ReturnType<ServerPart["createHandler"]>;

class Serving {
  readonly #io: CommandContext["io"];
  readonly #extensions: readonly Extension[];
  readonly #channel: Channel;
  readonly #stopping = new AbortController();
  readonly #done = Promise.withResolvers<number>();
  #server: Awaited<ReturnType<ServerPart["listen"]>> | undefined;
  #counts: () => ProcessCounts = () => NO_COUNTS;

  constructor(io: CommandContext["io"], extensions: readonly Extension[]) {
    this.#extensions = extensions;
    this.#io = { ...io, signal: eitherSignal(io.signal, this.#stopping.signal) };
    this.#channel = openChannel({
      input: process.stdin,
      output: process.stdout,
      answer: (method, args) => this.#answer(method, args),
      onText: () => {},
    });
  }

  /** Serves until it is stopped, or the other process has ended. */
  async run(): Promise<void> {
    void this.#channel.ended.then(() => this.#stopping.abort());
    void aborted(this.#io.signal).then(() => {
      if (this.#server === undefined) this.#done.resolve(0); // before it has started
    });
    await this.#done.promise;
    await this.#channel.call("counts.last", [this.#counts()]).catch(() => {});
  }

  async #answer(method: string, [message]: readonly unknown[]): Promise<unknown> {
    if (method === "start") return await this.#start(message as StartMessage);
    if (method === "counts") return this.#counts();
    if (method === "reload") return await this.#server?.reloadCertificate();
    if (method !== "stop") throw new Error(`Cannot call ${method}: no such method`);
    this.#stopping.abort();
    return await this.#done.promise;
  }

  /** Resolves once it serves. */
  async #start(
    { flags, shared, tokens, processes, isFirst }: StartMessage,
  ): Promise<StartedMessage> {
    const started = Promise.withResolvers<StartedMessage>();
    const { serveRegistry } = await import("../../apps/cli/services/serve_registry.ts");
    const context = createCommandContext({
      io: this.#io,
      shared,
      tokens: this.#extensions.flatMap(({ tokens = [] }) => tokens),
    });
    const serving = serveRegistry(flags, context, {
      extensions: this.#extensions,
      beside: {
        isFirst,
        tokens,
        listen: async (registry, options, at) => {
          const { createApp, listenBeside } = await loadPart<ServingPart>(
            "./serving_process.ts",
            import.meta.url,
          );
          const audit = flags.audit === "-" ? undefined : options.audit; // the other process has it
          const memory = this.#memory(audit);
          const allCounts = () => this.#allCounts();
          const handler = createApp(registry, options, { processes, memory, allCounts });
          this.#counts = () => handler.counts();
          const logger = isFirst ? at.logger : undefined; // warnings of the start, once
          return await listenBeside(handler, { ...at, logger }, processes);
        },
      },
      use: async ({ server, registry, hasTokens }) => {
        this.#server = server;
        started.resolve({ url: server.url, location: registry.location, hasTokens });
        await aborted(this.#io.signal);
      },
    });
    const ended = serving.finally(() => context[Symbol.asyncDispose]());
    ended.then(this.#done.resolve, (error) => {
      started.reject(error);
      setTimeout(() => this.#done.resolve(0)); // after the answer
    });
    return await started.promise;
  }

  async #allCounts(): Promise<ProcessCounts> {
    return await this.#channel.call("counts.all").catch(this.#counts) as ProcessCounts;
  }

  /** Returns the memory of the service; once the other process has ended, one of this process. */
  #memory(audit: Parameters<typeof createServiceMemory>[1]): ServiceMemory {
    const own = createServiceMemory(this.#io.system, audit);
    return memoryByCalls(async (called, kinds) => {
      try {
        return await this.#channel.call(...called);
      } catch (error) {
        if (!(error instanceof ChannelEnded)) throw error;
        return await answerCall(own, called, kinds);
      }
    });
  }
}

// One of the processes of `holdfast serve --processes`. Its standard streams are a channel to the
// process that watches it; when that ends, this one finishes its requests and ends too.
import process from "node:process";
import { eitherSignal } from "../../../../core/work/until_aborted.ts";
import { NO_COUNTS, type ProcessCounts } from "../../../server/observe/process_counts.ts";
import { createServiceMemory } from "../../../server/memory/service_memory.ts";
import type { ServiceMemory } from "../../../server/memory/service_memory.ts";
import { answerCall, memoryByCalls } from "../../../server/memory/shared_memory.ts";
import type { Extension } from "../../program/extension.ts";
import type { Listening } from "../../../server/listen/options.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { createCommandContext } from "../../program/command_context.ts";
import { aborted } from "../../program/run_process.ts";
import { auditSink } from "../../services/serve_audit.ts";
import { type Channel, ChannelEnded, openChannel } from "../../services/processes/channel.ts";
import { PROCESS_COMMAND, type StartedMessage } from "../../services/processes/start_message.ts";
import type { StartMessage } from "../../services/processes/start_message.ts";
import { invalid } from "../../terminal/hints.ts";

/** Creates the command for a program with these extensions. */
export function createServeProcess(extensions: readonly Extension[]): Command {
  return defineCommand({
    name: PROCESS_COMMAND,
    summary: "Serve as one of the processes of holdfast serve --processes.",
    args: [],
    options: [],
    examples: [],
    hidden: true,
    works: true,
    async run(_args, _flags, { io }) {
      if (io.stdin.isTerminal) {
        const hint = "Run: holdfast serve --processes 2";
        throw invalid("serve as one of several processes", "nothing started it", hint);
      }
      await new Serving(io, extensions).run();
    },
  });
}

class Serving {
  readonly #io: CommandContext["io"];
  readonly #extensions: readonly Extension[];
  readonly #channel: Channel;
  readonly #stopping = new AbortController();
  readonly #done = Promise.withResolvers<number>();
  #server: Listening | undefined;
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
  async #start({ flags, shared, tokens, ...parts }: StartMessage): Promise<StartedMessage> {
    const started = Promise.withResolvers<StartedMessage>();
    const { serveRegistry } = await import("../../services/serve_registry.ts");
    const context = createCommandContext({
      io: this.#io,
      shared,
      tokens: this.#extensions.flatMap(({ tokens = [] }) => tokens),
    });
    const serving = serveRegistry(flags, context, {
      extensions: this.#extensions,
      process: {
        ...parts,
        tokens,
        memory: this.#memory(flags.audit),
        allCounts: async () =>
          await this.#channel.call("counts.all").catch(this.#counts) as ProcessCounts,
        onCounts: (counts) => void (this.#counts = counts),
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

  /** Returns the memory of the service; once the other process has ended, one of this process. */
  #memory(audit: string | undefined): ServiceMemory {
    const file = audit === "-" ? undefined : audit; // standard output ended with the other process
    const own = createServiceMemory(this.#io.system, auditSink(file, this.#io));
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

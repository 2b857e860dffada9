// The context of one run of a command.
import { explainFailure, type FoundRegistry, originOf } from "../../../registry/places/mod.ts";
import { createMaterializers } from "../../../materializers/mod.ts";
import { type Logger, openRegistry, type Registry } from "../../../mod.ts";
import { orMissing } from "../../../core/errors.ts";
import type { Hints } from "../../../core/hints/reasons.ts";
import { type CliIo, createColors, stdinOf, wrappedFor } from "../terminal/cli_io.ts";
import type { CommandContext, OpenRunOptions, SharedOptions } from "./command.ts";
import { tokenOfRun } from "../places/token_of_run.ts";
import { findRegistry, refuseForeign } from "../places/find_registry.ts";
import { cliHint } from "../terminal/hint_words.ts";
import { invalid, shellWord, withHints, withRegistry } from "../terminal/hints.ts";
import { openServiceByUrl } from "../../../registry/places/open_by_url.ts";
import { localPathOf, registryTarget, warnOfRepeats } from "../places/open_store.ts";
import { refuseFile } from "./refusals.ts";
import { createProgress, type Progress } from "../terminal/progress.ts";
import { printableJson, printableLines, printableText } from "../terminal/table.ts";

/** Creates the context of one run; disposing it closes what the run has opened. */
export function createCommandContext(
  { io, shared, tokens, hints = [], ofRegistry }:
    & Pick<CommandContext, "io" | "shared" | "tokens">
    & {
      /** Those of extensions. @default none */
      hints?: readonly Hints[];
      /** Commands of extensions that work on the registry of a run. @default none */
      ofRegistry?: readonly string[];
    },
): CommandContext & AsyncDisposable {
  const toClose: AsyncDisposable[] = [];
  const transfers: Progress[] = [];
  const logger = createLogger(io, shared);

  async function result(value: unknown, text: string | undefined): Promise<void> {
    if (shared.json) await io.stdout.write(`${printableJson(value)}\n`);
    else if (text !== undefined) {
      await io.stdout.write(`${io.stdout.isTerminal ? printableText(text) : text}\n`);
    }
  }

  return {
    io,
    shared,
    tokens,
    colors: createColors(io.stdout, io),
    logger,
    hint: (error) => cliHint(error, io.system.env, hints),
    withRegistry: (text) => withRegistry(text, shared.registry, ofRegistry),
    async open({ write = false, registry = shared.registry, events, missing, create } = {}) {
      const place = findRegistry(registry, io);
      logger.debug(`registry ${place.location}: the location ${originOf(place) ?? "is given"}`);
      try {
        const opened = await openFound(place, {
          io,
          shared,
          tokens,
          logger,
          write,
          events,
          create,
          missing: missing ?? createHint(place, registry),
        });
        toClose.push(opened);
        return opened;
      } catch (error) {
        throw await explainFailure(error, place);
      }
    },
    result,
    done: (value, text, short) => result(value, shared.quiet ? short : text),
    async note(text) {
      if (shared.quiet) return;
      await io.stderr.write(
        `${
          wrappedFor(printableLines(withRegistry(text, shared.registry, ofRegistry)), io.stderr)
        }\n`,
      );
    },
    async confirm(question) {
      if (!io.stdin.isTerminal || !io.stderr.isTerminal) {
        throw invalid("ask for confirmation", "this is not a terminal", "In scripts pass --yes.");
      }
      await io.stderr.write(wrappedFor(`${printableLines(question)} [y/N] `, io.stderr));
      let line = "";
      for await (const text of stdinOf(io).pipeThrough(new TextDecoderStream())) {
        line += text;
        if (line.includes("\n")) break;
      }
      return /^y(es)?$/i.test(line.trim());
    },
    progress(label, options) {
      const progress = createProgress(label, io, { quiet: shared.quiet, ...options });
      transfers.push(progress);
      return progress;
    },
    async [Symbol.asyncDispose]() {
      for (const transfer of transfers) await transfer.end();
      for (const opened of toClose.reverse()) await opened[Symbol.asyncDispose]();
    },
  };
}

interface OpenFound
  extends
    Pick<OpenRunOptions, "create" | "events">,
    Pick<CommandContext, "io" | "shared" | "tokens" | "logger"> {
  write: boolean;
  missing: string;
}

async function openFound(place: FoundRegistry, options: OpenFound): Promise<Registry> {
  const { io: { signal, system, cwd }, shared, logger } = options;
  const { write, events, missing, create } = options;
  const retryForMs = shared.wait;
  if (place.kind === "service") {
    const opening = {
      readOnly: !write,
      retryForMs,
      events,
      signal,
      system,
      materializers: createMaterializers(),
      logger: warnOfRepeats(logger),
    };
    return await openServiceByUrl(place, opening, await tokenOfRun(place, options));
  }
  const path = localPathOf(place.location);
  refuseFile(path, "open");
  const target = await registryTarget(place.location, { cwd, retryForMs, logger, system });
  const cache = shared.cache === false ? { cache: false } : {};
  const openOptions = { ...cache, signal, system, logger };
  const opening = openRegistry(target, { ...openOptions, create: false, readOnly: !write, events });
  if (create === undefined) return await withHints(opening, { NotFound: missing });
  const opened = await orMissing(opening);
  if (opened !== undefined) return opened;
  const { versioned, mutable, graceMs, leastGraceMs } = create;
  const settings = { versioned, mutable, graceMs, leastGraceMs, ...openOptions };
  if (!write) return await openRegistry("memory:", settings);
  if (path !== undefined) await refuseForeign(path);
  return await openRegistry(target, { ...settings, events });
}

function createHint({ location, kind, by }: FoundRegistry, named: string | undefined): string {
  const isConfigured = by === "variable" || by === "env-file";
  const where = isConfigured ? "" : ` ${shellWord(named ?? location)}`;
  const bucket = kind === "folder" ? "" : ", with --create-bucket if the bucket is missing too";
  return `Check the location, or create it: holdfast init${where}${bucket}`;
}

function createLogger(io: CliIo, shared: SharedOptions): Logger {
  const write = (level: string, on: boolean | undefined) => (...args: unknown[]) => {
    const words = args.filter((arg) => arg !== undefined).map((arg) =>
      typeof arg === "object" && !(arg instanceof Error) ? JSON.stringify(arg) : String(arg)
    );
    if (on) void io.stderr.write(`${level}: ${printableLines(words.join(" "))}\n`);
  };
  return {
    debug: write("debug", shared.verbose),
    info: write("info", shared.verbose),
    warn: write("warning", !shared.quiet),
    error: write("error", true),
  };
}

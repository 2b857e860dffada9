// `holdfast pipeline encode` and `decode`
import type { RegistryError } from "../../../../mod.ts";
import { fault } from "../../../../core/errors.ts";
import { loadConfigPart } from "../../pipelines/pipeline_parts.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";

/** Longer is no secret, bytes. */
const MAX_BYTES = 1024 * 1024;

/** Writes a secret as a configuration has it. */
export const encode: Command = defineCommand<[text: string | undefined], Record<never, never>>({
  name: "pipeline encode",
  summary: "Write a secret as base64://…, as configurations of pipelines have it.",
  details:
    "This is no encryption: it only keeps a secret from being read over a shoulder. Better name a variable: " +
    "{ from_env: NAME }. Reads standard input, without the line end, unless a text is given.",
  args: [{
    usage: "[text]",
    text: "the secret; others may see it in the list of processes: better pipe it in",
  }],
  options: [],
  examples: [
    ["holdfast pipeline encode < token.txt", "from a file"],
    ["pass show api | holdfast pipeline encode", "from another program"],
  ],
  async run([given], _flags, context) {
    const { encodeSecret } = await loadConfigPart();
    const encoded = encodeSecret(given ?? await readInput("encode", context));
    await warn(given, context);
    await context.result({ encoded }, encoded);
    if (!context.shared.json) {
      await context.note("This is no encryption: whoever reads it has the secret.");
    }
  },
});

/** Reads a secret of a configuration. */
export const decode: Command = defineCommand<[text: string | undefined], Record<never, never>>({
  name: "pipeline decode",
  summary: "Read a secret that a configuration has as base64://….",
  details: "Prints the secret itself. Reads standard input unless a text is given.",
  args: [{
    usage: "[text]",
    text: "base64://…; others may see it in the list of processes: better pipe it in",
  }],
  options: [],
  examples: [
    ["echo base64://aGVsbG8= | holdfast pipeline decode", "prints hello"],
    ["holdfast pipeline decode --json < secret.txt", "as JSON"],
  ],
  async run([given], _flags, context) {
    const { decodeSecret } = await loadConfigPart();
    const decoded = decodeSecret((given ?? await readInput("decode", context)).trim());
    if (decoded === undefined) {
      throw fault({
        code: "Invalid",
        action: "decode this",
        state: "it is not base64:// and base64 of a text", // without the text: it may be a secret
        hint: "Give the whole value as it stands in the configuration.",
      });
    }
    await warn(given, context);
    await context.result({ decoded }, decoded);
  },
});

async function warn(given: string | undefined, context: CommandContext): Promise<void> {
  if (given === undefined || context.shared.json) return;
  await context.note(
    "An argument is in the shell's history, and others may see it while this runs: better pipe it in.",
  );
}

async function readInput(
  action: "encode" | "decode",
  { io, note }: CommandContext,
): Promise<string> {
  if (io.stdin.isTerminal) await note("Type it, then a line end and Ctrl-D:");
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(io.signal.reason);
  io.signal.addEventListener("abort", stop, { once: true });
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = io.stdin.stream().getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), stopped.promise]);
      text += decoder.decode(value, { stream: !done });
      if (done) break;
      if (text.length > MAX_BYTES) throw invalid(action, "it is longer than a megabyte");
    }
  } catch (error) {
    throw error instanceof TypeError ? invalid(action, "it is no text of UTF-8") : error;
  } finally {
    io.signal.removeEventListener("abort", stop);
    reader.releaseLock();
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw invalid(action, "there is nothing on standard input");
  return secret;
}

function invalid(action: string, state: string): RegistryError {
  return fault({
    code: "Invalid",
    action,
    subject: "this",
    state,
    hint: `Pipe the text in: holdfast pipeline ${action} < FILE`,
  });
}

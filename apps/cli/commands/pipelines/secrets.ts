// `holdfast pipeline encode` and `decode`
import { loadConfigPart } from "../../pipelines/pipeline_parts.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { invalid } from "../../program/hints.ts";
import { stdinOf } from "../../terminal/cli_io.ts";

/** The longest secret, characters. */
const MAX_LENGTH = 1024 * 1024;

export const encode: Command = defineCommand<[text: string | undefined], Record<never, never>>({
  name: "pipeline encode",
  summary: "Encode a secret as base64://… for the configuration of a pipeline.",
  details: "This is not encryption: it only hides a secret from a glance. A variable is better: " +
    "{ from_env: NAME }. Without an argument it reads standard input and drops the line break.",
  args: [{ usage: "[text]", text: "the secret; other users can see arguments: pipe it in" }],
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
      await context.note("This is not encryption: anyone can decode it.");
    }
  },
});

export const decode: Command = defineCommand<[text: string | undefined], Record<never, never>>({
  name: "pipeline decode",
  summary: "Decode a base64://… secret of a configuration.",
  details: "Prints the secret. Without an argument it reads standard input.",
  args: [{ usage: "[text]", text: "base64://…; other users can see arguments: pipe it in" }],
  options: [],
  examples: [
    ["echo base64://aGVsbG8= | holdfast pipeline decode", "prints hello"],
    ["holdfast pipeline decode --json < secret.txt", "as JSON"],
  ],
  async run([given], _flags, context) {
    const { decodeSecret } = await loadConfigPart();
    const decoded = decodeSecret((given ?? await readInput("decode", context)).trim());
    if (decoded === undefined) {
      // Without the value, which may be a secret.
      const hint = "Pass the whole value from the configuration.";
      throw invalid("decode the secret", "not valid base64 after `base64://`", hint);
    }
    await warn(given, context);
    await context.result({ decoded }, decoded);
  },
});

async function warn(given: string | undefined, context: CommandContext): Promise<void> {
  if (given === undefined || context.shared.json) return;
  await context.note(
    "Arguments are in the shell's history, and other users can see them: pipe the secret in.",
  );
}

async function readInput(
  action: "encode" | "decode",
  { io, note }: CommandContext,
): Promise<string> {
  const refuse = (state: string) =>
    invalid(`${action} the secret`, state, `Pipe it in: holdfast pipeline ${action} < FILE`);
  if (io.stdin.isTerminal) await note("Type it, then a line break and Ctrl-D:");
  const decoder = new TextDecoderStream("utf-8", { fatal: true });
  let text = "";
  try {
    for await (const part of stdinOf(io).pipeThrough(decoder)) {
      text += part;
      if (text.length > MAX_LENGTH) throw refuse("it is longer than a megabyte");
    }
  } catch (error) {
    throw error instanceof TypeError ? refuse("it is not UTF-8 text") : error;
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw refuse("standard input is empty");
  return secret;
}

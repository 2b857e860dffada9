// Tools as data: schemas check and describe their arguments, and describe their results.
import * as v from "npm:valibot@^1.5";
import type { Logger, Registry } from "../../../mod.ts";
import { hintFor, invalid, isRegistryError, itemAt } from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import { schema } from "../../../apps/server/extending.ts";
import type { CallMemory } from "./call_memory.ts";
import { MCP_HINTS } from "./hint_words.ts";

type Content = { type: "text"; text: string } | { type: "image"; data: string; mimeType: string };

/** Options of a server, which decide what it offers. */
export interface McpOptions {
  /** Whose calls take turns with those of others. @default "" */
  token?: string;
  /** Offer no tool that writes. @default false */
  readOnly?: boolean;
  /** Offer to delete versions. @default false */
  allowDelete?: boolean;
  /** The folder whose files may be saved, its path without links. @default none */
  root?: string;
  /** Receives errors of the server itself, which clients do not see. */
  logger: Logger;
  /** Returns the response of `GET /search` to this query. */
  search(query: { q: string; limit: number; offset: number }): Promise<Record<string, unknown>>;
}

export interface ToolCall extends McpOptions {
  /** The registry as the client may use it: it refuses everything else. */
  registry: Registry;
  /** The calling program, as it names itself. */
  client: { name: string; version?: string };
  signal: AbortSignal;
  memory: CallMemory;
}

interface ToolDefinition<I extends v.GenericSchema> {
  name: string;
  description: string;
  kind: "read" | "write" | "delete";
  /** Its effects, as the protocol names them. */
  hints?: { destructiveHint?: boolean; idempotentHint?: boolean };
  input: I;
  /** The members of its result, by their type. */
  output: Partial<Record<"string" | "number" | "boolean" | "array" | "object", string>>;
  /** Returns plain data. A `text` or an `image` in it goes first, as it is. */
  run(args: v.InferOutput<I>, call: ToolCall): Promise<Record<string, unknown>>;
}

export type Tool = ToolDefinition<v.GenericSchema>;

export function defineTool<I extends v.GenericSchema>(tool: ToolDefinition<I>): Tool {
  return tool as unknown as Tool;
}

/** Describes a tool to a client. */
export function describeTool({ name, description, kind, hints, input, output }: Tool) {
  const { $schema: _, ...described } = schema.toJsonSchema(input);
  const members = Object.entries(output).flatMap(([type, names]) =>
    names.split(" ").map((name) => [name, { type }])
  );
  const effects = kind === "read" ? { readOnlyHint: true } : { readOnlyHint: false, ...hints };
  return {
    name,
    title: `${itemAt(name, 0).toUpperCase()}${name.slice(1).replaceAll("_", " ")}`,
    description,
    annotations: { ...effects, openWorldHint: false },
    inputSchema: described as { type: "object" },
    outputSchema: { type: "object" as const, properties: Object.fromEntries(members) },
  };
}

/** Calls a tool. A failure is a result too: the model reads the hint and tries again. */
export async function callTool(tool: Tool, args: unknown, call: ToolCall) {
  try {
    const { image, ...structured } = await tool.run(checked(tool, args), call);
    const { text, ...rest } = structured;
    const first = image ?? (text === undefined ? undefined : { type: "text", text });
    const others = { type: "text", text: JSON.stringify(rest) };
    const structuredContent = JSON.parse(JSON.stringify(structured)) as Record<string, unknown>;
    return { content: (first ? [first, others] : [others]) as Content[], structuredContent };
  } catch (error) {
    if (!isRegistryError(error) && !call.signal.aborted) call.logger.error("Cannot answer:", error);
    return { content: [{ type: "text", text: explained(error) }] as Content[], isError: true };
  }
}

function checked({ name, input }: Tool, args: unknown): unknown {
  const { success, output, issues } = schema.check(input, args ?? {});
  if (success) return output;
  const { at, state } = schema.faultOf(issues);
  throw invalid("call", name, at === "" ? state : `argument ${at.slice(0, 100)}: ${state}`, {
    hint: "Follow the input schema of the tool.",
  });
}

/** Hints for errors without a reason. */
const HINTS: Readonly<Record<string, string>> = {
  NotFound: "Call find_artifacts, list_versions or describe_version to see what exists.",
  AlreadyExists: "Omit `version` to take the next one: saved versions do not change.",
};

/** Returns an error in words for a model. */
export function explained(error: unknown): string {
  if (!isRegistryError(error)) return "Cannot answer: internal error";
  const { message, code, suggestion } = error;
  const suggested = suggestion === undefined ? "" : `Did you mean ${JSON.stringify(suggestion)}? `;
  const hint = error.reason === undefined && HINTS[code] !== undefined
    ? `${suggested}${HINTS[code]}`
    : hintFor(error, MCP_HINTS);
  return hint === undefined ? message : `${message}\nHint: ${hint}`;
}

/** Makes the error of a part that a file does not have. */
export function unreadable(state: string): RegistryError {
  return invalid("read", undefined, state);
}

/** Size limit of an answer without images, characters. */
export const MOST_CHARACTERS = 60_000;

/** Returns the first items whose JSON fits into an answer or a share of it, at least one. */
export function fitting<T>(items: readonly T[], share = 1): T[] {
  const most = MOST_CHARACTERS * share;
  let size = 0;
  const end = items.findIndex((item) => (size += JSON.stringify(item).length) > most);
  return items.slice(0, end < 0 ? undefined : Math.max(end, 1));
}

export function text(description: string, most = 1000) {
  return v.pipe(v.string(), v.maxLength(most), v.description(description));
}

export const ref = () => text("NAME for the latest version, or NAME@VERSION, NAME@ALIAS");

/** An optional whole number. */
export function count<D extends number | undefined>(
  usual: D,
  description: string,
  least = 1,
  most = 2 ** 53 - 1,
) {
  const schema = v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
  return v.optional(v.pipe(schema, v.description(description)), usual);
}

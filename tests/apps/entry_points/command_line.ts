// Commands with --json, in this process.
import { holdfast } from "../../apps/captured_io.ts";
import type { EntryPoint } from "./entry_point.ts";

export const commandLine: EntryPoint = {
  async save({ folder }, name, { text, metadata, version, alias }) {
    const { code, err } = await holdfast([
      ...["save", versioned(name, version), "-", "--as", "text", "--json", "-r", folder],
      ...membersOf(metadata).flatMap(([key, value]) => ["-m", `${key}:=${value}`]),
      ...(alias === undefined ? [] : ["-a", alias]),
    ], { cwd: folder, stdin: text });
    return code === 0 ? {} : { refused: codeOf(err) };
  },
  async load({ folder }, ref) {
    const info = await holdfast(["info", ref, "--json", "-r", folder], { cwd: folder });
    if (info.code !== 0) return { refused: codeOf(info.err) };
    const { bytes } = await holdfast(["cat", ref, "-r", folder], { cwd: folder });
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    return { text, metadata: JSON.parse(info.out).metadata };
  },
};

function versioned(name: string, version?: string): string {
  return version === undefined ? name : `${name}@${version}`;
}

/** The members of an object; the digits of a single one stay as they are written. */
function membersOf(text: string): [key: string, json: string][] {
  const members = Object.entries(JSON.parse(text));
  if (members.length !== 1) return members.map(([key, value]) => [key, JSON.stringify(value)]);
  const [[key]] = members;
  return [[key, text.slice(JSON.stringify(key).length + 2, -1)]];
}

function codeOf(errors: string): string {
  return JSON.parse(errors.trim().split("\n").at(-1)!).error.code;
}

// Configuration in TOML, as a tree.
import { parse, TomlDate, TomlError } from "npm:smol-toml@^1.9";
import type { ConfigEntry, ConfigNode, ConfigSource, Path } from "./node.ts";
import type { ProblemList } from "./problems.ts";
import { findTomlPlaces, type TomlPlace } from "./toml_places.ts";

/** The tree of a text; what is wrong with it is told. Undefined where it is no TOML. */
export function parseTomlTree(source: ConfigSource, problems: ProblemList): ConfigNode | undefined {
  let value: unknown;
  try {
    value = parse(source.text, { maxDepth: 100 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    problems.add({ source, offset: offsetOf(source.text, error.line, error.column) }, {
      message,
      hint:
        "Correct the line: a file is one document of TOML 1.0; texts stand in quotes, keys are there once.",
    });
    return undefined;
  }

  function treeOf(
    value: unknown,
    at: TomlPlace | undefined,
    above: number,
    path: Path | undefined,
  ): ConfigNode {
    const offset = at?.offset ?? above;
    const place = { source, offset };
    if (value instanceof TomlDate) {
      problems.add(place, { path, message: "a date is no plain data", hint: "Put it in quotes." });
      return { kind: "scalar", place, value: null };
    }
    if (Array.isArray(value)) {
      const items = value.map((item, key) =>
        treeOf(item, at?.inside.get(String(key)), offset, { parent: path, key })
      );
      return { kind: "list", place, items };
    }
    if (typeof value !== "object" || value === null) {
      return { kind: "scalar", place, value: value as string };
    }
    const entries = new Map<string, ConfigEntry>();
    for (const [key, item] of Object.entries(value)) {
      const inside = at?.inside.get(key);
      const node = treeOf(item, inside, offset, { parent: path, key });
      entries.set(key, { place: { source, offset: inside?.keyOffset ?? offset }, node });
    }
    return { kind: "map", place, entries };
  }
  return treeOf(value, findTomlPlaces(source.text), 0, undefined);
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at++) start = text.indexOf("\n", start) + 1 || text.length;
  return Math.min(start + column - 1, text.length);
}

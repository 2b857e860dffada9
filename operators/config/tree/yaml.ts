// YAML as the tree of a configuration.
import { parseYamlDocument, type YamlNode } from "../../../formats/yaml/document.ts";
import type { ConfigEntry, ConfigNode, ConfigSource } from "./node.ts";
import type { ProblemList } from "./problems.ts";

/** Hints by a pattern of the parser's message; the first match wins. */
const HINTS: readonly [pattern: RegExp, hint: string][] = [
  [/twice|duplicate|unique/, "Remove one of the two."],
  [/flow (map|seq)/i, "Close the bracket, and separate items by commas."],
  [/Tabs|tab/, "Indent with spaces."],
  [
    /Nested mappings|Implicit keys|implicit map key|block collections/i,
    "Quote a string with a colon, and write each key on its own line.",
  ],
  [/aligned|indent|column/i, "Indent the keys of a mapping by the same number of spaces."],
  [/quote/, "Close the quote."],
  [/anchor|alias/i, "Use an anchor that is defined above: &name."],
  [/tag/, "Remove the tag: use strings, numbers, true, false, null, lists and mappings."],
  [/second document/, "Remove the line --- and what follows it."],
  [/key is (no|not)/, "Write keys as strings, quoted if necessary."],
  [/64-bit/, "Quote a long number."],
  [/plain (value|scalar)|reserved/i, "Quote a string that begins with such a character."],
];
const OTHERWISE = "Correct the line: a file is one document of YAML 1.2.";

/** YAML 1.1 merges its value. In YAML 1.2 it is an ordinary key. */
const MERGE_KEY = {
  message: 'the key "<<" merges nothing in YAML 1.2',
  hint: "Write the keys, use ${name} of variables for the whole mapping, or include a file.",
};

/** Parses YAML. Reports problems; undefined for an empty document. */
export function parseYamlTree(
  source: ConfigSource,
  problems: ProblemList,
  from = 0,
): ConfigNode | undefined {
  const { root, problems: parseProblems } = parseYamlDocument(source.text.slice(from), {
    numberKeys: true,
  });
  for (const { state, offset } of parseProblems) {
    const message = state.replace(/\.$/, "");
    problems.add({ source, offset: from + offset }, {
      message: message.charAt(0).toLowerCase() + message.slice(1),
      hint: HINTS.find(([pattern]) => pattern.test(state))?.[1] ?? OTHERWISE,
    });
  }
  return root && treeOf(root);

  function treeOf(node: YamlNode): ConfigNode {
    const place = { source, offset: from + node.offset };
    if (node.kind === "scalar") {
      const { value, text } = node;
      return { kind: "scalar", place, value, ...text !== undefined && { text } };
    }
    if (node.kind === "list") return { kind: "list", place, items: node.items.map(treeOf) };
    const entries = new Map<string, ConfigEntry>();
    for (const { key, offset, node: child } of node.entries) {
      const entry = { place: { source, offset: from + offset }, node: treeOf(child) };
      if (key === "<<") problems.add(entry.place, MERGE_KEY);
      entries.set(key, entry);
    }
    return { kind: "map", place, entries };
  }
}

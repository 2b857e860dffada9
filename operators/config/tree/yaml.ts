// Configuration in YAML, as a tree.
import { parseYamlDocument, type YamlNode } from "../../../formats/yaml/document.ts";
import type { ConfigEntry, ConfigNode, ConfigSource } from "./node.ts";
import type { ProblemList } from "./problems.ts";

/** What to do about mistakes, by what their messages have in them; the first that fits. */
const HINTS: readonly [pattern: RegExp, hint: string][] = [
  [/there twice|must be unique/, "Remove one of the two."],
  [/flow (map|seq)/i, "Close the bracket, and put commas between what is in it."],
  [/Tabs|tab/, "Indent with spaces."],
  [
    /Nested mappings|Implicit keys|implicit map key|block collections/i,
    "Put a text with a colon in quotes, and each key in a line of its own.",
  ],
  [/aligned|indent|column/i, "Indent the keys of one mapping by the same number of spaces."],
  [/quote/, "Close the quote."],
  [/anchor|alias/i, "Name an anchor that stands above: &name."],
  [/tag/, "Leave the tag out: values are texts, numbers, true, false, null, lists and mappings."],
  [/second document/, "Leave out the line ---, and what follows it."],
  [/key is no text/, "Write keys as texts, in quotes where need be."],
  [/64 bits/, "Put a long number in quotes."],
  [/plain (value|scalar)|reserved/i, "Put a text that begins with such a character in quotes."],
];
const OTHERWISE = "Correct the line: a file is one document of YAML 1.2.";

/** Older YAML merged what stands there; in that of today it is a key like others, which nobody means. */
const MERGE_KEY = {
  message: 'the key "<<" merges nothing in YAML 1.2',
  hint: "Write the keys down, give a whole mapping by ${name} of variables, or include a file.",
};

/** The tree of a text; what is wrong with it is told. Undefined where there is nothing to look at. */
export function parseYamlTree(
  source: ConfigSource,
  problems: ProblemList,
  from = 0,
): ConfigNode | undefined {
  const { root, problems: found } = parseYamlDocument(source.text.slice(from), {
    numberKeys: true,
  });
  for (const { state, offset } of found) {
    const message = state.replace(/\.$/, "");
    problems.add({ source, offset: from + offset }, {
      message: message[0].toLowerCase() === message[0]
        ? message
        : message[0].toLowerCase() + message.slice(1),
      hint: HINTS.find(([pattern]) => pattern.test(state))?.[1] ?? OTHERWISE,
    });
  }
  return root && treeOf(root);

  function treeOf(node: YamlNode): ConfigNode {
    const place = { source, offset: from + node.offset };
    if (node.kind === "scalar") return { kind: "scalar", place, value: node.value };
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

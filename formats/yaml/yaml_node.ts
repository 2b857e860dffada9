// What a document of YAML says, as a tree whose nodes know where they stand.
/** A node; offsets are characters from the beginning of the text. What an alias names is the same node again. */
export type YamlNode =
  | { kind: "map"; offset: number; entries: YamlEntry[] }
  | { kind: "list"; offset: number; items: YamlNode[] }
  | { kind: "scalar"; offset: number; value: null | boolean | number | string };

/** A key and its value. */
export interface YamlEntry {
  /** The key. */
  key: string;
  /** Where the key begins. */
  offset: number;
  /** Its value. */
  node: YamlNode;
}

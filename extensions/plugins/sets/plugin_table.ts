// The plugins of a set by interface and name.
import { alreadyExists, invalid, notFound, shown } from "../../../core/kernel.ts";
import type { Interface } from "../interface.ts";
import { type AnyDefinition, type AnySource, toDefinition } from "./make_plugin.ts";

export class PluginTable {
  readonly #rows = new Map<string, { kind: Interface; plugins: Map<string, AnyDefinition> }>();

  add(kind: Interface, name: string, source: AnySource): void {
    const action = this.checkNew(kind, name);
    const plugins = this.#rowOf(kind);
    if (plugins.has(name)) {
      throw alreadyExists(action, undefined, "the name is taken", {
        hint: `Choose a name other than ${[...plugins.keys()].join(", ")}.`,
      });
    }
    plugins.set(name, toDefinition(source, kind, action));
    this.#rows.set(kind.name, { kind, plugins });
  }

  /** Returns the action of registering it, for messages. Throws `Invalid` for an invalid name. */
  checkNew(kind: Interface, name: string): string {
    const action = `register plugin ${shown(name)} of ${kind.name}`;
    checkName(name, action);
    return action;
  }

  get(kind: Interface, name: string): AnyDefinition {
    if (typeof name !== "string") checkName(name, `find a plugin of ${kind.name}`);
    const plugins = this.#rowOf(kind);
    const definition = plugins.get(name);
    if (definition !== undefined) return definition;
    const isKnown = this.#rows.has(kind.name);
    const others = [...this.#rows.keys()].join(", ");
    const state = isKnown ? "unknown plugin" : "the interface has no plugins";
    const hint = isKnown
      ? `Use one of ${[...plugins.keys()].join(", ")}.`
      : `Register one, or use another interface: ${others}.`;
    throw notFound("find plugin", `${shown(name)} of ${kind.name}`, state, { hint });
  }

  names(kind: Interface): string[] {
    return [...this.#rowOf(kind).keys()];
  }

  #rowOf(kind: Interface): Map<string, AnyDefinition> {
    const row = this.#rows.get(kind.name);
    if (row === undefined) return new Map();
    if (String([...row.kind.methods].sort()) === String([...kind.methods].sort())) {
      return row.plugins;
    }
    const state = "another interface has this name but different methods";
    const hint = "Use a unique name for each interface in a set.";
    throw alreadyExists("use interface", kind.name, state, { hint });
  }
}

function checkName(name: string, action: string): void {
  if (typeof name === "string" && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name)) return;
  throw invalid(action, undefined, "invalid name", {
    hint: 'Use 1 to 100 letters, digits, ".", "_" and "-": storage_write.',
  });
}

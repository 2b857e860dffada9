// The plugins of a set by interface and name.
import { alreadyExists, invalid, notFound } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Contract } from "../interface.ts";
import { type AnyDefinition, type AnySource, toDefinition } from "./make_plugin.ts";

export class PluginTable {
  readonly #rows = new Map<string, { contract: Contract; plugins: Map<string, AnyDefinition> }>();

  add(contract: Contract, name: string, source: AnySource): void {
    const action = `register plugin ${shown(name)} of ${contract.name}`;
    checkName(name, action);
    const plugins = this.#rowOf(contract);
    if (plugins.has(name)) {
      throw alreadyExists(action, undefined, "the name is taken", {
        hint: `Choose a name other than ${[...plugins.keys()].join(", ")}.`,
      });
    }
    plugins.set(name, toDefinition(source, contract, action));
    this.#rows.set(contract.name, { contract, plugins });
  }

  get(contract: Contract, name: string): AnyDefinition {
    if (typeof name !== "string") checkName(name, `find a plugin of ${contract.name}`);
    const plugins = this.#rowOf(contract);
    const definition = plugins.get(name);
    if (definition !== undefined) return definition;
    const isKnown = this.#rows.has(contract.name);
    const others = [...this.#rows.keys()].join(", ");
    const state = isKnown ? "unknown plugin" : "the interface has no plugins";
    const hint = isKnown
      ? `Use one of ${[...plugins.keys()].join(", ")}.`
      : `Register one, or use another interface: ${others}.`;
    throw notFound("find plugin", `${shown(name)} of ${contract.name}`, state, { hint });
  }

  names(contract: Contract): string[] {
    return [...this.#rowOf(contract).keys()];
  }

  #rowOf(contract: Contract): Map<string, AnyDefinition> {
    const row = this.#rows.get(contract.name);
    if (row === undefined) return new Map();
    if (String([...row.contract.methods].sort()) === String([...contract.methods].sort())) {
      return row.plugins;
    }
    const state = "another interface has this name but different methods";
    const hint = "Use a unique name for each interface in a set.";
    throw alreadyExists("use interface", contract.name, state, { hint });
  }
}

function checkName(name: string, action: string): void {
  if (typeof name === "string" && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name)) return;
  throw invalid(action, undefined, "invalid name", {
    hint: 'Use 1 to 100 letters, digits, ".", "_" and "-": storage_write.',
  });
}

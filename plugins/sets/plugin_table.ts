// The plugins of a set, by interface and name.
import { fault, RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Contract } from "../interface.ts";
import { type AnyDefinition, type AnySource, toDefinition } from "./make_plugin.ts";

export interface PluginTable {
  add(contract: Contract, name: string, source: AnySource): void;
  get(contract: Contract, name: string): AnyDefinition;
  names(contract: Contract): string[];
}

export function createPluginTable(): PluginTable {
  const rows = new Map<string, { contract: Contract; plugins: Map<string, AnyDefinition> }>();

  function rowOf(contract: Contract): Map<string, AnyDefinition> {
    const row = rows.get(contract.name);
    if (row === undefined) return new Map();
    if (String([...row.contract.methods].sort()) === String([...contract.methods].sort())) {
      return row.plugins;
    }
    throw fault({
      code: "AlreadyExists",
      action: "use interface",
      subject: contract.name,
      state: "another one of this name has other methods",
      hint: "In one set of plugins each interface has a name of its own: call yours otherwise.",
    });
  }

  return {
    add(contract, name, source) {
      const action = `register plugin ${shown(name)} of ${contract.name}`;
      checkName(name, action);
      const plugins = rowOf(contract);
      if (plugins.has(name)) {
        throw fault({
          code: "AlreadyExists",
          action,
          state: "the name is taken",
          hint: `Taken are: ${[...plugins.keys()].join(", ")}.`,
        });
      }
      const definition = toDefinition(source, contract, action);
      plugins.set(name, definition);
      rows.set(contract.name, { contract, plugins });
    },
    get(contract, name) {
      if (typeof name !== "string") checkName(name, `find a plugin of ${contract.name}`);
      const plugins = rowOf(contract);
      const definition = plugins.get(name);
      if (definition !== undefined) return definition;
      const isKnown = rows.has(contract.name);
      throw new RegistryError({
        code: "NotFound",
        message: `Cannot find plugin ${shown(name)} of ${contract.name}: ` +
          (isKnown ? "there is none of this name" : "no plugin of this interface is registered"),
        hint: isKnown
          ? `There is: ${[...plugins.keys()].join(", ")}.`
          : `Register one, or use another interface; there are plugins of: ${
            [...rows.keys()].join(", ")
          }.`,
      });
    },
    names: (contract) => [...rowOf(contract).keys()],
  };
}

function checkName(name: string, action: string): void {
  if (typeof name === "string" && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name)) return;
  throw fault({
    code: "Invalid",
    action,
    state: "this is no name",
    hint: 'Names are 1 to 100 letters, digits, ".", "_" and "-": storage_write.',
  });
}

// Methods that call others: every registry has them from here, unless it has its own.
import type { Registry } from "../../core/registry.ts";

/** The methods that call others. */
export type DerivedMethods = Pick<Registry, "rollbackAlias">;

/** Methods of these rows; those that call others may be missing. */
export type OwnMethods<Rows> =
  & Pick<Registry, Exclude<keyof Rows & keyof Registry, keyof DerivedMethods>>
  & Partial<DerivedMethods>;

/** @param self returns the registry that has the methods; they call it once they are called */
export function derivedMethods(self: () => Registry): DerivedMethods {
  return {
    rollbackAlias: async (name, alias, options) => {
      const { rollBackAlias } = await import("./roll_back_alias.ts"); // rarely used
      return await rollBackAlias(self(), { name, alias }, options);
    },
  };
}

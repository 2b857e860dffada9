// Damage that a listing meets: it goes on, and says so at its end.
import type { RegistryError } from "../../mod.ts";
import { fault, isUnreadable } from "../../core/errors.ts";
import { shellWord } from "../program/hints.ts";
import { formatCount } from "./units.ts";

export type Looked<T> = { value: T; error?: undefined } | {
  value?: undefined;
  error: RegistryError;
};

export interface Damage {
  /** The outcome of a call. Damage is an outcome and is remembered; any other failure is thrown. */
  look<T>(name: string, call: Promise<T>): Promise<Looked<T>>;
  /** Throws where there was damage. */
  end(): void;
}

export function createDamage(): Damage {
  const found: RegistryError[] = [];
  const names = new Set<string>();
  return {
    async look(name, call) {
      try {
        return { value: await call };
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        found.push(error);
        names.add(name);
        return { error };
      }
    },
    end() {
      if (found.length === 0) return;
      throw fault({
        code: found.find(({ code }) => code === "Corrupt")?.code ?? "Unsupported",
        action: "list everything",
        state: `${formatCount(found.length, "record")} could not be read`,
        hint: `See all that is wrong: holdfast verify ${
          [...names].slice(0, 8).map(shellWord).join(" ")
        }`,
        key: found[0].key,
        cause: found[0],
      });
    },
  };
}

/** How a row says that it could not be read: `corrupt`, or `unsupported` for what a newer release wrote. */
export function damageMark(error: RegistryError): string {
  return error.code.toLowerCase();
}

/** The same for `--json`. */
export function damageJson({ code, message, key }: RegistryError): Record<string, unknown> {
  return { code, message, key };
}

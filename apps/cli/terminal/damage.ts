// Damage that a listing meets: it goes on, and says so at its end.
import type { RegistryError } from "../../../mod.ts";
import { fault, isUnreadable } from "../../../core/errors.ts";
import { shellWord } from "../program/hints.ts";
import { formatCount } from "./units.ts";

export type Looked<T> = { value: T; error?: undefined } | {
  value?: undefined;
  error: RegistryError;
};

export class Damage {
  #found = new Map<RegistryError, string>();

  /** The outcome of a call. Damage is an outcome and is remembered; any other failure is thrown. */
  async look<T>(name: string, call: Promise<T>): Promise<Looked<T>> {
    try {
      return { value: await call };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#found.set(error, name);
      return { error };
    }
  }

  /** Throws where there was damage. */
  end(): void {
    const errors = [...this.#found.keys()], names = [...new Set(this.#found.values())];
    if (errors.length === 0) return;
    throw fault({
      code: errors.find(({ code }) => code === "Corrupt")?.code ?? "Unsupported",
      action: "list everything",
      state: `${formatCount(errors.length, "record")} could not be read`,
      hint: `See all that is wrong: holdfast verify ${names.slice(0, 8).map(shellWord).join(" ")}`,
      key: errors[0].key,
      cause: errors[0],
    });
  }
}

/** How a row says that it could not be read: `corrupt`, or `unsupported` for what a newer release wrote. */
export function damageMark(error: RegistryError): string {
  return error.code.toLowerCase();
}

/** The same for `--json`. */
export function damageJson({ code, message, key }: RegistryError): Record<string, unknown> {
  return { code, message, key };
}

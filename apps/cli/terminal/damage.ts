// Damaged records in a listing, which continues and fails at its end.
import { fault, isUnreadable, type RegistryError } from "../../../core/errors.ts";
import { shellWord } from "./hints.ts";
import { formatCount } from "./units.ts";
import { commandReasons } from "./reasons.ts";

export class Damage {
  #found = new Map<RegistryError, string>();

  /** Awaits a call. Returns and collects damage; throws other failures. */
  async collect<T>(
    name: string,
    call: Promise<T>,
  ): Promise<{ value: T; error?: undefined } | { value?: undefined; error: RegistryError }> {
    try {
      return { value: await call };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#found.set(error, name);
      return { error };
    }
  }

  /** Throws if there was damage. */
  end(): void {
    const errors = [...this.#found.keys()], names = [...new Set(this.#found.values())];
    if (errors.length === 0) return;
    throw fault({
      code: errors.find(({ code }) => code === "Corrupt")?.code ?? "Unsupported",
      action: "list everything",
      state: `${formatCount(errors.length, "record")} could not be read`,
      reason: commandReasons.of("records_damaged", {
        names: names.slice(0, 8).map(shellWord).join(" "),
      }),
      key: errors[0]?.key,
      cause: errors[0],
    });
  }
}

/** Returns `corrupt`, or `unsupported` for a record of a newer release. */
export function damageMark(error: RegistryError): string {
  return error.code.toLowerCase();
}

export function damageJson({ code, message, key }: RegistryError): Record<string, unknown> {
  return { code, message, key };
}

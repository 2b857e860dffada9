// The first contact with a store. A wrong address or a missing network is reported within seconds;
// a store that has answered once gets the full timeouts of its options.
import type { Advice, RegistryError } from "../../core/errors.ts";
import { withDeadline } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import { eitherSignal } from "../../core/work/until_aborted.ts";

/** How long a failing first contact is retried, milliseconds. */
const FIRST_CONTACT_MS = 3_000;

/** Time limit for the first answer, milliseconds. A busy store takes a while. */
export const FIRST_ANSWER_MS = 5_000;

export const NO_FIRST_ANSWER = `it did not answer within ${FIRST_ANSWER_MS / 1000} seconds`;

/** Adds to the advice of a store that has not answered yet. */
export function unreachable({ hint = "", reason }: Advice): Advice {
  const isLate = reason?.kind === "store_timeout"; // its hint is for a store that has answered
  const advice = isLate ? "Check the network and the store." : hint;
  return {
    hint: `${advice} Behind a proxy set HTTPS_PROXY or HTTP_PROXY, and NO_PROXY. To wait longer, ` +
      "pass retryForMs.",
    reason: { kind: "store_unreachable", advice },
  };
}

export interface FirstTry {
  signal?: AbortSignal;
  /** Returns true if there is time for another attempt, always after the first answer. */
  goesOn(failure: unknown): boolean;
}

export interface FirstContactOptions {
  system: Pick<System, "monotonic">;
  /** False if the caller chose how long to wait. */
  bounded: boolean;
}

export class FirstContact {
  readonly #options: FirstContactOptions;
  readonly #silence: () => RegistryError;
  #made = false;

  /** @param silence returns the error of a store that never answered */
  constructor(options: FirstContactOptions, silence: () => RegistryError) {
    this.#options = options;
    this.#silence = silence;
  }

  /** True once the store has answered. */
  get made(): boolean {
    return this.#made;
  }

  readonly make = (): void => void (this.#made = true);

  /**
   * Sends a request. If no answer comes in time, it rejects with the last failure or with silence.
   */
  async within<T>(
    ask: (first: FirstTry) => Promise<T>,
    { signal, ended = true }: {
      signal?: AbortSignal;
      /** Aborts a running attempt when the time is over. False for large bodies. @default true */
      ended?: boolean;
    } = {},
  ): Promise<T> {
    const { system, bounded } = this.#options;
    if (this.#made || !bounded) return await ask({ signal, goesOn: () => true });
    const startedAt = system.monotonic();
    let last: unknown;
    const goesOn = (failure: unknown) => {
      last = failure;
      return this.#made || system.monotonic() - startedAt < FIRST_CONTACT_MS;
    };
    if (!ended) return await ask({ signal, goesOn });
    const time = AbortSignal.timeout(FIRST_ANSWER_MS);
    const over = new AbortController();
    const end = () => this.#made || over.abort(last ?? this.#silence());
    time.addEventListener("abort", end);
    try {
      const asked = ask({ signal: eitherSignal(over.signal, signal), goesOn });
      return await withDeadline(asked, { signal: over.signal });
    } finally {
      time.removeEventListener("abort", end);
    }
  }
}

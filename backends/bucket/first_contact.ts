// The first contact with a store: who typed an address wrong, or has no network, hears of it within
// seconds. What has answered once is waited for with the whole patience of its options.
import type { Advice, RegistryError } from "../../core/errors.ts";
import { withDeadline } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";

/** How long a first contact that fails is tried again, milliseconds. */
export const FIRST_CONTACT_MS = 3_000;

/** How long a first answer is waited for, milliseconds: a store that is busy takes a while. */
export const FIRST_ANSWER_MS = 5_000;

/** What an error says of it. */
export const NO_FIRST_ANSWER = `it did not answer within ${FIRST_ANSWER_MS / 1000} seconds`;

const PROXY_HINT =
  "Behind a proxy set HTTPS_PROXY or HTTP_PROXY, and NO_PROXY; `holdfast doctor` looks at each.";

/** What else to do where nothing answers. */
export const REACH_HINT: Advice = {
  hint: `${PROXY_HINT} A program that is to wait longer says retryForMs.`,
  hints: { cli: `${PROXY_HINT} To wait longer: --wait 90s.` },
};

export interface FirstTry {
  signal?: AbortSignal;
  /** Whether there is time for one more try after this failure. Always, once anything answered. */
  goesOn(failure: unknown): boolean;
}

export interface FirstTryOptions {
  signal?: AbortSignal;
  /** Whether a try that is under way is ended: not one that sends much, which takes its time. @default true */
  ended?: boolean;
}

export interface FirstContactOptions {
  system: Pick<System, "monotonic">;
  /** False where the caller said how long to wait. */
  bounded: boolean;
}

/** Whether a store has answered, and how long it is waited for until then. */
export class FirstContact {
  readonly #options: FirstContactOptions;
  /** The error of a store that never answered. */
  readonly #silence: () => RegistryError;
  #made = false;

  constructor(options: FirstContactOptions, silence: () => RegistryError) {
    this.#options = options;
    this.#silence = silence;
  }

  get made(): boolean {
    return this.#made;
  }

  readonly make = (): void => void (this.#made = true);

  /** Asks. When the time for a first answer is over it rejects with the last failure, or says that nothing answered. */
  async within<T>(
    ask: (first: FirstTry) => Promise<T>,
    { signal, ended = true }: FirstTryOptions = {},
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

/** Aborts with the first of both. */
export function eitherSignal(own: AbortSignal, ofCaller: AbortSignal | undefined): AbortSignal {
  return ofCaller === undefined ? own : AbortSignal.any([ofCaller, own]);
}

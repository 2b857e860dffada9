// Maintenance that runs by timers: `doctor` and services watch when it last succeeded.

/**
 * The size of a registry, and requests that several commands send.
 *
 * @internal
 */
export interface NightSize {
  readonly names: number;
  readonly records: number;
  /** Lists of a pass over all records. */
  readonly pass: number;
  /** Tables of names. */
  readonly tables: number;
  /** Keys of one list. */
  readonly page: number;
}

/**
 * Requests of one command.
 *
 * @internal
 */
export interface NightRequests {
  readonly list: number;
  readonly get: number;
}

/**
 * Maintenance of one kind.
 *
 * @internal
 */
export interface Maintained {
  /** Its command, or another name of one that does less. */
  readonly command: string;
  /** Milliseconds after which its last success is too old. @default a week */
  readonly overdueMs?: number;
  /** Estimates its requests in a night in which nothing changed. @default none: another name */
  night?(size: NightSize): NightRequests;
}

/** Returns the maintenance that extensions do. */
export function maintainedBy(
  extensions: readonly { readonly maintains?: readonly Maintained[] }[],
): readonly Maintained[] {
  return extensions.flatMap(({ maintains }) => maintains ?? []);
}

/** Returns the commands, as in `gc, prune and verify`. */
export function commandsOf(maintained: readonly Maintained[]): string {
  const names = maintained.flatMap(({ command, night }) => night === undefined ? [] : [command]);
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter(Boolean).join(" and ");
}

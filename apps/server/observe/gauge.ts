// Values of `/metrics` that are read when they are asked for.

/** A value of `/metrics`, or several with a label. */
export interface Gauge {
  /** Such as `disk_free_bytes`, with a prefix of your program. */
  name: string;
  help: string;
  /** The label that tells several values apart. @default there is one value */
  label?: string;
  /**
   * Returns the value, or values by the value of the label; undefined for none. A failure, or no
   * answer within five seconds, is none too.
   */
  read(): Promise<number | Readonly<Record<string, number>> | undefined>;
}

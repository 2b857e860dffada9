// A request of a measurement, and its kinds.

/** A request: path, body, media type or headers. `NEW` in a path is a unique name. */
export type Sent = [path: string, body?: string, headers?: string | Record<string, string>];

/** Sends a request and returns its answer. */
export type Ask = (method: string, ...sent: Sent) => Promise<Response>;

export interface Worst {
  title: string;
  /** The route refuses it, after it has read it. */
  isRefused?: boolean;
  /** Never ends by itself. */
  isEndless?: boolean;
  /** Runs before the measurement. Its result, as a string, is passed to `sent`. */
  before?(ask: Ask): Promise<unknown>;
  sent(given: string): Sent;
}

/** A version of many files. */
export const FILES = "/artifacts/files/versions/1.0.0";

/** Why a route has no request of its own. */
export type Reason = string;

export const refused = (worst: Worst): Worst => ({ ...worst, isRefused: true });
export const endless = (worst: Worst): Worst => ({ ...worst, isEndless: true });
export const reading = (...paths: string[]): Worst[] =>
  paths.map((path) => ({ title: path, sent: () => [path] }));

export const listing = (...paths: string[]): Worst[] =>
  paths.map((path) => ({ title: path, sent: () => [path, undefined, { depth: "1" }] }));

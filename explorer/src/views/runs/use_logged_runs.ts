// Runs that programs log to, while a view is shown.
import { useSession } from "../../api/context.ts";
import { type LoggedRun, readLoggedRuns } from "../../api/logged_runs.ts";
import type { Beginning } from "../../api/service.ts";
import { useInterval } from "../../framework/use_interval.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

/** Milliseconds between requests for the runs of one name, and of all names. */
const LIVE_MS = 5000, ALL_MS = 10_000;

const NONE: Beginning<LoggedRun> = { items: [], isCut: false };

/** Returns the runs of all names, or of one, and follows them; undefined until they are read. */
export function useLoggedRuns(
  { name, metrics }: { name?: string; metrics?: boolean } = {},
): Beginning<LoggedRun> | undefined {
  const { service } = useSession();
  const { value, error, reload } = useLoaded(
    (signal) => readLoggedRuns(service, { name, metrics, signal }),
    [name, metrics],
  );
  useInterval(reload, name === undefined ? ALL_MS : LIVE_MS, !service.isSite);
  return value ?? (error === undefined ? undefined : NONE);
}

// The service and the rights on it, for every view.
import { createContext, useContext, useMemo } from "../framework/preact.ts";
import type { PageExtension, VersionRuns } from "../extension.ts";
import type { Opened } from "./service.ts";

/** A message about a change that was made. */
export interface Message {
  readonly text: string;
  readonly undo: () => Promise<void>;
}

export interface Session extends Opened {
  readonly extensions: readonly PageExtension[];
  /** Shows what has been changed, and how to undo it. */
  readonly announce: (message: Message) => void;
}

export const SessionContext = createContext<Session>(undefined as unknown as Session);

export function useSession(): Session {
  return useContext(SessionContext);
}

/** Returns the names of labels that extensions show. */
export function useShownLabels(): ReadonlySet<string> {
  const { extensions } = useSession();
  return useMemo(
    () => new Set(extensions.flatMap(({ labels = {} }) => Object.keys(labels))),
    [extensions],
  );
}

/** Returns the runs that made versions, if an extension knows some. */
export function useVersionRuns(): VersionRuns | undefined {
  return useSession().extensions.find(({ runs }) => runs)?.runs;
}

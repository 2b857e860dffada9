// Telling how far a job is from where nothing can be waited for.
import type { JobOptions, JobProgress } from "../../core/executor.ts";

export interface Telling {
  readonly signal: AbortSignal;
  tell(progress: JobProgress): void;
  /** Waits until all was heard, and throws a failure of that. */
  end(): Promise<void>;
}

export function createTelling({ signal, onProgress }: JobOptions): Telling {
  const failed = new AbortController();
  const hearing = new Set<Promise<unknown>>();
  return {
    signal: signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]),
    tell(progress) {
      const heard = onProgress?.(progress);
      if (heard === undefined) return;
      const ended = heard.catch((error) => failed.abort(error)).finally(() =>
        hearing.delete(ended)
      );
      hearing.add(ended);
    },
    async end() {
      await Promise.all(hearing);
      failed.signal.throwIfAborted();
    },
  };
}

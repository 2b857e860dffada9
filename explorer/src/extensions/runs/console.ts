// The console of a run, live: what its program has printed last.
import { ErrorNotice, html, LogText, type ServiceError } from "../../extending.ts";
import { useInterval, useLoaded, useRef, useSession } from "../../extending.ts";
import { LIVE_MS } from "./read_run.ts";

interface ConsoleTail {
  readonly text?: string;
  readonly isCut?: boolean;
  readonly next?: string;
}

export function Console({ path, isSaved }: { path: string; isSaved: boolean }) {
  const { service } = useSession();
  const last = useRef<ConsoleTail>({});
  const read = useLoaded(async (signal) => {
    const query = { after: last.current.next };
    const tail = await service.json<ConsoleTail>(`${path}/console`, { query, signal });
    if (tail.text !== undefined) last.current = tail;
  }, [isSaved]);
  useInterval(read.reload, LIVE_MS, !read.loading && !isSaved);
  const { text, isCut } = last.current, error = read.error as Partial<ServiceError> | undefined;
  // The page says itself that the service is away.
  if (error !== undefined && error.status !== 0) return html`<${ErrorNotice} error=${error} />`;
  return text
    ? html`
      <section class="stack" aria-label="Console">
        <h2>Console</h2>
        ${isCut && html`<p class="note">Only the end is shown. The version will have all of it, in
        <code>output.log</code>.</p>`}
        <${LogText} text=${text} label="Text of the console" />
      </section>
    `
    : null;
}

// The attempts of a step, with their logs.
import { nameSegment } from "../../../../core/naming/names.ts";
import { hrefOfRef, html, splitRef, useLoaded } from "../../extending.ts";
import { Empty, formatMs, LogText, Shown, StateTag } from "../../extending.ts";
import { openVersion, type Service, useSession } from "../../extending.ts";

interface Attempt {
  readonly ref: string;
  readonly end: string;
  readonly durationMs: number;
  readonly reason?: string;
  readonly hint?: string;
  readonly log?: string;
}

const MOST_LOG = 512 * 1024;

export function StepLog({ run, step, hasEnded }: { run: string; step: string; hasEnded: boolean }) {
  const { service } = useSession();
  const path = `runs/${nameSegment(run)}/steps/${nameSegment(step)}/attempts`;
  const attempts = useLoaded((signal) => service.json<{ items: Attempt[] }>(path, { signal }), [
    path,
  ]);
  return html`
    <section class="stack" aria-label=${`Log of ${step}`}>
      <h2>Log of ${step}</h2>
      <${Shown} of=${attempts} what="Reading attempts">${({ items }: { items: Attempt[] }) =>
        items.length === 0
          ? html`
            <${Empty} title="No attempt has ended">
              ${hasEnded ? html`<p>The run ended first, so there is no log.</p>` : html`
                <p>The log is saved when an attempt ends.
                  On its machine, <code>holdfast pipeline logs --follow</code> shows it live.</p>
              `}
              <//>
          `
          : items.map((attempt, i) =>
            html`<${AttemptLog} key=${attempt.ref} attempt=${attempt} number=${i + 1} />`
          )}<//>
    </section>
  `;
}

function AttemptLog({ attempt, number }: { attempt: Attempt; number: number }) {
  const { service } = useSession();
  const log = useLoaded((signal) => readLog(service, attempt, signal), [attempt.ref]);
  return html`
    <div class="row"><h3>Attempt ${number}</h3><${StateTag} state=${attempt.end} />
      <span class="muted">${formatMs(attempt.durationMs)}</span>
      <a href=${hrefOfRef(attempt.ref)}>its record</a></div>
    ${attempt.reason && html`<p>${attempt.reason}</p>`}
    ${attempt.hint && html`<p class="muted">${attempt.hint}</p>`}
    <${Shown} of=${log} what="Reading the log">${(text: string) =>
      text === ""
        ? html`<p class="muted">It has no log.</p>`
        : html`<${LogText} text=${text} label=${`Log of attempt ${number}`} />`}<//>
  `;
}

async function readLog(service: Service, { ref, log }: Attempt, signal: AbortSignal) {
  if (log === undefined) return "";
  const { name, version = "" } = splitRef(ref);
  const file = (await openVersion(service, { name, version }, signal)).files.find(({ path }) =>
    path === log
  );
  if (file === undefined) return "";
  const from = Math.max(0, file.size - MOST_LOG);
  const text = new TextDecoder().decode(await file.read(from, MOST_LOG, signal));
  return from === 0 ? text : `… only the end is shown\n${text.slice(text.indexOf("\n") + 1)}`;
}

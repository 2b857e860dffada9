// The state of a run, a step or a job: a word and a color.
import { html } from "../framework/html.ts";

const CLASSES: Readonly<Record<string, string>> = {
  ok: "tag-good",
  finished: "tag-good",
  ran: "tag-good",
  done: "tag-good",
  failed: "tag-bad",
  blocked: "tag-warn",
  killed: "tag-bad",
  cancelled: "tag-warn",
  silent: "tag-warn",
  running: "tag-alias",
  "running or killed": "tag-alias",
};

/** States of runs that did not complete. */
const BROKEN: ReadonlySet<unknown> = new Set(["failed", "killed"]);

/** True for the state of a run that did not complete: none of its values is the best. */
export function isBroken(state: unknown): boolean {
  return BROKEN.has(state);
}

export function StateTag({ state }: { state: string }) {
  return html`<span class=${`tag ${CLASSES[state] ?? ""}`}>${state}</span>`;
}

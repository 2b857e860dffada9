// The state of a run, a step or a job: a word and a color.
import { html } from "../framework/html.ts";

const CLASSES: Readonly<Record<string, string>> = {
  ok: "tag-good",
  finished: "tag-good",
  ran: "tag-good",
  done: "tag-good",
  failed: "tag-bad",
  blocked: "tag-warn",
  cancelled: "tag-warn",
  silent: "tag-warn",
  running: "tag-alias",
  "running or killed": "tag-alias",
};

export function StateTag({ state }: { state: string }) {
  return html`<span class=${`tag ${CLASSES[state] ?? ""}`}>${state}</span>`;
}

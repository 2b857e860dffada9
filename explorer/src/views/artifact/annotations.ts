// Notes and labels of a name or a version, edited in place.
import { useSession } from "../../api/context.ts";
import { mayChange, ServiceError } from "../../api/service.ts";
import { Dialog } from "../../components/dialog.ts";
import { FactList } from "../../components/fact_list.ts";
import { formatTime } from "../../format/format.ts";
import { Lazy } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useState } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { splitEntry, valueOf } from "../../../../apps/metadata_text.ts";
import { isJsonObject } from "../../../../core/text/json_text.ts";

interface Annotations {
  readonly notes?: string;
  readonly labels: Record<string, unknown>;
  readonly revision: number;
  readonly changedAt?: string;
}

type LabelEntry = [key: string, label: unknown];

const NONE: Annotations = { labels: {}, revision: 0 };

/** Returns the notes of a name or version, and a button that edits them. */
export function useAnnotations(
  { name, version, path }: { name: string; version?: string; path: string },
) {
  const { rights, service, extensions } = useSession();
  const [editing, setEditing] = useState(false);
  const { value = NONE, loading, error, reload } = useLoaded(async (signal) => {
    if (service.isSite) return NONE;
    const response = await service.ask(`${path}/annotations`, { signal });
    return response.status === 204 ? NONE : await response.json() as Annotations;
  }, [path]);
  const of = version === undefined ? name : `${name}@${version}`;
  const loaders = new Map(extensions.flatMap(({ labels = {} }) => Object.entries(labels)));
  const isShown = ([key, label]: LabelEntry) => loaders.has(key) && isJsonObject(label);
  const all = Object.entries(value.labels);
  const shown = all.filter(isShown), own = all.filter((each) => !isShown(each));
  const labels = own.map(([key, label]) => [key, labelText(label)]);
  // Those of a version that this token saved need no more. The service knows which they are.
  const isAllowed = mayChange(rights, "move", name) ||
    version !== undefined && mayChange(rights, "save", name);
  const writes = isAllowed && !service.isSite && !loading && error === undefined;
  const isEmpty = value.notes === undefined && all.length === 0;
  const edit = writes && html`
    <button type="button" class="button" onClick=${() => setEditing(true)}>
      ${isEmpty ? "Add notes" : "Edit notes"}</button>
  `;
  const card = html`
    ${!isEmpty && html`
      <section class="card stack" aria-label="Notes">
        ${value.changedAt &&
          html`<span class="muted">Changed ${formatTime(value.changedAt)}</span>`}
        ${value.notes && html`
          <div style=${{ whiteSpace: "pre-line" }}>
            <${Lazy} load=${loadMarkdown} text=${value.notes} from="" />
          </div>
        `}
        ${labels.length > 0 && html`<${FactList} facts=${labels} isMono />`}
        ${shown.map(([key, label]) =>
          html`<${Lazy} key=${key} load=${loaders.get(key)} value=${label} of=${of} />`
        )}
      </section>
    `}
    ${editing && html`
      <${EditDialog} value=${{ ...value, labels: Object.fromEntries(own) }} path=${path}
        of=${of} close=${() => (setEditing(false), reload())} />
    `}
  `;
  return { edit, card };
}

const loadMarkdown = async () => (await import("../../previews/text/markdown_view.ts")).Markdown;

function EditDialog(
  { value, path, of, close }: {
    value: Annotations;
    path: string;
    /** The name or ref that they are of. */
    of: string;
    close: () => void;
  },
) {
  const { service, announce } = useSession();
  const [before] = useState(value);
  const lines = Object.entries(before.labels).map(lineOf);
  const run = async (form: FormData) => {
    const notes = String(form.get("notes")).replaceAll("\r\n", "\n");
    const old = { notes: before.notes ?? null, labels: before.labels };
    const after = { notes: notes === "" ? null : notes, labels: parseLabels(form.get("labels")) };
    const change = async (json: unknown, ifRevision: number) => {
      const options = { method: "PATCH", query: { ifRevision }, json };
      return await service.json<Annotations>(`${path}/annotations`, options);
    };
    const { revision } = await change(mergePatchOf(old, after), before.revision);
    announce({
      text: `The notes and labels of ${of} are changed`,
      undo: async () => {
        await change(mergePatchOf(after, old), revision);
        close(); // reads them again
      },
    });
  };
  return html`
    <${Dialog} title="Notes and labels" action="Save" run=${run} close=${close}>
      <label class="field">Notes<textarea name="notes" rows="5">${before.notes ??
        ""}</textarea></label>
      <label class="field">Labels, one per line: stage = checked, score := 0.9
        <textarea name="labels" rows="4" class="mono" spellcheck=${false}>${lines.join(
          "\n",
        )}</textarea></label>
      <//>
  `;
}

/** Writes text as it is, unless it would be taken for another value. */
function labelText(label: unknown): string {
  const isPlain = typeof label === "string" && !/^[-\d"[{]|^(true|false|null)$/.test(label);
  return isPlain ? label : JSON.stringify(label);
}

/** Writes text as it is, if a line of its own keeps it, and any other value as JSON. */
function lineOf([key, label]: readonly [string, unknown]): string {
  const isText = typeof label === "string" && /^(\S|\S.*\S)?$/.test(label);
  return isText ? `${key} = ${label}` : `${key} := ${JSON.stringify(label)}`;
}

function parseLabels(text: unknown): Record<string, unknown> {
  const lines = String(text).split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => {
    const entry = splitEntry(line.replace(/^([^=]*?[^=\s])\s*(:?=)\s*/, "$1$2"));
    const refuse = (state: string) => new ServiceError(0, `Cannot read label "${line}": ${state}`);
    if (entry === undefined) throw refuse("not NAME = TEXT or NAME := JSON");
    try {
      return [entry.key, valueOf(entry)];
    } catch (error) {
      throw refuse(`not JSON after := (${(error as Error).message})`);
    }
  }));
}

function mergePatchOf(before: unknown, after: unknown): unknown {
  if (!isJsonObject(before) || !isJsonObject(after)) return after;
  const then = new Map(Object.entries(before)); // a key may be "constructor"
  const now = new Map(Object.entries(after));
  const keys = [...new Set([...then.keys(), ...now.keys()])];
  return Object.fromEntries(
    keys.filter((key) => JSON.stringify(then.get(key)) !== JSON.stringify(now.get(key)))
      .map((key) => [key, mergePatchOf(then.get(key), now.get(key) ?? null)]),
  );
}

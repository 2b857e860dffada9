// A field for a ref, with the names and versions that there are.
import { namePath } from "../api/artifacts.ts";
import { useSession } from "../api/context.ts";
import type { Alias } from "../api/names.ts";
import { html } from "../framework/html.ts";
import { TextField } from "./field.ts";
import { useEffect, useState } from "../framework/preact.ts";

const MOST = 20;

export interface RefFieldProps {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  /** Only names. @default false */
  readonly isName?: boolean;
}

export function RefField({ label, value, change, isName = false }: RefFieldProps) {
  const { service } = useSession();
  const [options, setOptions] = useState<readonly string[]>([]);
  const [name, version] = value.split(/@([^@]*)$/, 2);
  const isVersion = version !== undefined && !isName;
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(async () => {
      const list = async <T>(path: string, prefix?: string) => {
        const query = { prefix, limit: MOST };
        const page = await service.json<{ items: T[] }>(path, { query, signal })
          .catch(() => ({ items: [] }));
        return page.items.slice(0, MOST);
      };
      if (!isVersion) return setOptions(await list<string>("names", value || undefined));
      const [aliases, versions] = await Promise.all([
        list<Alias>(`${namePath(name!)}/aliases`),
        list<{ version: string }>(`${namePath(name!)}/versions`),
      ]);
      const all = [...aliases.map(({ alias }) => alias), ...versions.map(({ version }) => version)];
      setOptions(all.map((each) => `${name}@${each}`));
    }, 200);
    return () => (clearTimeout(timer), controller.abort());
  }, [isVersion ? name : value, isVersion]);
  return html`
    <${TextField} label=${label} value=${value} change=${change} options=${options} class="mono"
      required placeholder=${isName ? "team:model" : "team:model@1.0.0"} />
  `;
}

export function RefForm({ action, open }: { action: string; open: (ref: string) => void }) {
  const [ref, setRef] = useState("");
  const submit = (event: Event) => (event.preventDefault(), open(ref.trim()));
  return html`
    <form class="card stack" onSubmit=${submit}>
      <${RefField} label="Name, or name@version" value=${ref} change=${setRef} />
      <div><button type="submit" class="button button-main">${action}</button></div>
    </form>
  `;
}

// Requests as a program without the client sends them.
import { type EntryPoint, type Location, Refused } from "./entry_point.ts";
import { shownAnnotations, shownDraft, shownInfo, shownLog, shownMembers } from "./registries.ts";

// deno-lint-ignore no-explicit-any -- an answer of any route
type Answer = any;

export const http: EntryPoint = {
  without: {
    prune: "maintenance needs the store",
    publish: "clients pin the members",
    "load.asOf": "clients choose by times",
    "info.asOf": "clients choose by times",
  },
  operations: {
    async save(at, { name, text, value, metadata, ...options }) {
      const [id, file] = value === undefined
        ? ["text", { path: "text.txt", mediaType: "text/plain; charset=utf-8" }]
        : ["json", { path: "data.json", mediaType: "application/json" }];
      const { upload } = await json(at, "POST", "contents", value ?? text, {
        "content-type": "application/octet-stream",
      });
      const rest = {
        ...options,
        materializer: { id, formatVersion: 1 },
        files: [{ ...file, upload }],
      };
      const body = `{"metadata":${metadata},${JSON.stringify(rest).slice(1)}`;
      const { version, skipped } = await json(at, "POST", `${path(name)}/versions`, body);
      return { version, skipped };
    },
    async copy(at, { ref, ...rest }) {
      const body = JSON.stringify(rest);
      const { version, skipped } = await json(at, "POST", `${pathOf(ref)}/copy`, body);
      return { version, skipped };
    },
    async setAlias(at, { name, alias, ...rest }) {
      await json(at, "PUT", `${path(name)}/aliases/${segment(alias)}`, JSON.stringify(rest));
    },
    async rollbackAlias(at, { name, alias }) {
      const rollback = `${path(name)}/aliases/${segment(alias)}/rollback`;
      const { version, was = null } = await json(at, "POST", rollback, "{}");
      return { version, was };
    },
    deleteAlias: async (at, { name, alias }) =>
      (await json(at, "DELETE", `${path(name)}/aliases/${segment(alias)}`)).deleted,
    undelete: async (at, { ref }) => (await json(at, "POST", `${pathOf(ref)}/undelete`)).version,
    async delete(at, { ref, ...options }) {
      const query = new URLSearchParams(Object.entries(options).map(([k, v]) => [k, String(v)]));
      const where = ref.includes("@") ? pathOf(ref) : path(ref);
      return (await json(at, "DELETE", `${where}?${query}`)).deleted;
    },
    async annotate(at, { ref, ifRevision, ...change }) {
      const query = ifRevision === undefined ? "" : `?ifRevision=${ifRevision}`;
      const body = JSON.stringify(change);
      return shownAnnotations(await json(at, "PATCH", `${annotationsPath(ref)}${query}`, body));
    },
    setRule: async (at, set) => (await json(at, "PATCH", "rules", JSON.stringify({ set }))).rules,
    removeRule: async (at, { pattern }) =>
      (await json(at, "PATCH", "rules", JSON.stringify({ remove: pattern }))).rules,
    async addPart(at, { name, draft, part, path: file, text }) {
      const body = JSON.stringify({ files: [{ path: file, data: btoa(text) }] });
      return await json(at, "PUT", `${draftPath(name, draft)}/parts/${segment(part)}`, body);
    },
    async commitDraft(at, { name, draft, ...options }) {
      const path = `${draftPath(name, draft)}/commit`;
      const { version, skipped } = await json(at, "POST", path, JSON.stringify(options));
      return { version, skipped };
    },
    async finishRun(at, { name, run, text }) {
      const { writer } = await json(at, "POST", `${path(name)}/runs/${segment(run)}`, "{}");
      const parts = {
        [`points-${writer}-0000000000-1`]: { path: "history.jsonl", data: btoa('{"loss":0.5}\n') },
        value: { path: "text.txt", data: btoa(text) },
      };
      for (const [part, file] of Object.entries(parts)) {
        const body = JSON.stringify({ files: [file] });
        await json(at, "PUT", `${draftPath(name, `run:${run}`)}/parts/${segment(part)}`, body);
      }
      const materializer = { id: "text", formatVersion: 1 };
      const body = JSON.stringify({ parts: ["value"], materializer });
      const finish = `${path(name)}/runs/${segment(run)}/finish`;
      const { version, skipped } = await json(at, "POST", finish, body);
      return { version, skipped };
    },
    discardDraft: async (at, { name, draft }) =>
      (await json(at, "DELETE", draftPath(name, draft))).discarded,
    draftInfo: async (at, { name, draft }) =>
      shownDraft(await json(at, "GET", draftPath(name, draft))),
    members: async (at, { ref }) => shownMembers(await json(at, "GET", `${pathOf(ref)}/members`)),
    async pages(at, { of, limit, name, alias }) {
      const pages: unknown[][] = [];
      const own = of === "history" ? `aliases/${segment(alias!)}/history` : of;
      const listing = of === "names" ? of : `${path(name!)}/${own}`;
      let after: string | undefined;
      while (pages.length < 100) {
        const page = `${listing}?${queryOf({ limit, after })}`;
        const { items, next } = await json(at, "GET", page);
        pages.push(of === "log" ? shownLog(items) : items.map(shownItem));
        if (next === undefined) return pages;
        after = next;
      }
    },
    async load(at, { ref }) {
      const info = await json(at, "GET", pathOf(ref));
      const { name, version, metadata, materializer } = info;
      const url = `${pathOf(`${name}@${version}`)}/files/${ownPath(info)}`;
      const file = await send(at, "GET", url);
      const bytes = await file.arrayBuffer();
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
      return materializer.id === "text"
        ? { text, metadata }
        : { value: JSON.parse(text), metadata };
    },
    info: async (at, { ref }) => shownInfo(await json(at, "GET", pathOf(ref))),
    async range(at, { ref, offset, length }) {
      const path = ownPath(await json(at, "GET", pathOf(ref)));
      const last = length === undefined ? "" : offset + length - 1;
      const headers = { range: `bytes=${offset}-${last}` };
      const url = `${pathOf(ref)}/files/${path}`;
      try {
        return await (await send(at, "GET", url, undefined, headers)).text();
      } catch (error) {
        if (error instanceof Refused && error.status === 416) return ""; // beyond the end
        throw error;
      }
    },
    names: (at, query) => items(at, `names?${queryOf(query)}`),
    async versions(at, { name, ...query }) {
      const found = await items(at, `${path(name)}/versions?${queryOf(query)}`);
      return found.map(({ version }) => version);
    },
    aliases: async (at, { name }) =>
      Object.fromEntries(
        (await items(at, `${path(name)}/aliases`)).map(({ alias, version }) => [alias, version]),
      ),
    history: async (at, { name, alias, ...query }) =>
      (await items(at, `${path(name)}/aliases/${segment(alias)}/history?${queryOf(query)}`))
        .map(({ version = null }) => version),
    log: async (at, { name, ...query }) =>
      shownLog(await items(at, `${path(name)}/log?${queryOf(query)}`)),
    async annotations(at, { ref }) {
      const answer = await send(at, "GET", annotationsPath(ref));
      return answer.status === 204 ? null : shownAnnotations(await answer.json());
    },
    rules: async (at, { name }) =>
      (await json(at, "GET", `rules?${new URLSearchParams({ name })}`)).rules,
    search: async (at, { name, query, limit }) =>
      (await items(at, `search?${queryOf({ q: `${query} name=${name}`, limit })}`))
        .map(({ version }) => version),
  },
};

async function send(
  { url, token }: Location,
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = { "content-type": "application/json" },
): Promise<Response> {
  const authorization = `Bearer ${token}`;
  const init = { method, body, headers: { ...headers, authorization } };
  const response = await fetch(`${url}/${path}`, init);
  if (response.ok) return response;
  const { code, detail } = await response.json();
  throw new Refused(code, detail, response.status);
}

/** The path of the value: `curves` of the metadata names the curve of a run. */
function ownPath({ files, metadata }: Answer): string {
  return files.find(({ path }: { path: string }) => path !== metadata.curves).path;
}

async function json(...request: Parameters<typeof send>): Promise<Answer> {
  return await (await send(...request)).json();
}

async function items(at: Location, path: string): Promise<Answer[]> {
  return (await json(at, "GET", path)).items;
}

function path(name: string): string {
  return `artifacts/${segment(name)}`;
}

function pathOf(ref: string): string {
  const [name, selector = "latest"] = ref.split(/@(.*)/s);
  const [version, member] = selector.split(/\/(.*)/s);
  const release = `${path(name)}/versions/${segment(version)}`;
  return member === undefined ? release : `${release}/members/${segment(member)}`;
}

function draftPath(name: string, draft: string): string {
  return `${path(name)}/drafts/${segment(draft)}`;
}

function queryOf(query: Record<string, string | number | undefined>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return String(new URLSearchParams(given.map(([key, value]) => [key, String(value)])));
}

// deno-lint-ignore no-explicit-any -- an item of any listing
function shownItem(item: any): unknown {
  if (typeof item === "string") return item;
  return item.alias === undefined ? item.version ?? null : `${item.alias} ${item.version}`;
}

function annotationsPath(ref: string): string {
  return `${ref.includes("@") ? pathOf(ref) : path(ref)}/annotations`;
}

/** One segment of a path; `.` and `..`, which mean folders there, get a tilde. */
function segment(text: string): string {
  return encodeURIComponent(text.replace(/^~*\.{1,2}$/, "~$&"));
}

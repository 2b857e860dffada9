// A site: the explorer, and the answers of the API for some versions, as files.
import { type Artifact, parseRef, type Registry, resolveRelease } from "../../mod.ts";
import { nameSegment } from "../../core/naming/names.ts";
import { itemAt } from "../../core/faults/present.ts";
import { RELEASE, type Release } from "../../core/registry/release.ts";
import { createAccess } from "./access/access.ts";
import { createApp } from "./app.ts";
import type { AddedFiles } from "./files/added_files.ts";
import { pageFiles } from "./explorer/page_files.ts";
import { bundleType, POLICY } from "./explorer/send_bundle.ts";
import type { SiteFile } from "./explorer/site_file.ts";
import { sitePath } from "./explorer/site_path.ts";

interface Item {
  version?: string;
  alias?: string;
  info?: Inputs;
}

/** The inputs of a version in an answer. */
interface Inputs {
  inputs: (string | { ref: string })[];
}

const encoder = new TextEncoder();
const encode = encodeURIComponent;

/**
 * Yields the files of a site. It has no other versions and names, nor lineage to them.
 *
 * @throws {RegistryError} `NotFound` if a version does not exist
 */
export async function* siteFiles(
  registry: Registry,
  refs: readonly string[],
  adds: readonly AddedFiles[] = [],
): AsyncGenerator<SiteFile> {
  const site = new Site(registry, adds);
  for (const ref of refs) await site.add(ref);
  yield* site.files();
}

class Site {
  readonly #registry: Registry;
  readonly #adds: readonly AddedFiles[];
  /** Versions by name. */
  readonly #chosen = new Map<string, Set<string>>();

  constructor(registry: Registry, adds: readonly AddedFiles[]) {
    this.#registry = registry;
    this.#adds = adds;
  }

  async add(ref: string): Promise<void> {
    const { name, version, materializer } = await this.#registry.info(ref);
    const versions = this.#chosen.get(name) ?? new Set();
    if (versions.has(version)) return;
    this.#chosen.set(name, versions.add(version));
    if (materializer.id !== RELEASE) return;
    const { members } = await resolveRelease(this.#registry, `${name}@${version}`);
    for (const { ref } of Object.values(members)) await this.add(ref);
  }

  async *files(): AsyncGenerator<SiteFile> {
    yield* bundleFiles();
    const names = [...this.#chosen.keys()];
    const access = createAccess(
      "site",
      names.map((name) => ({ kind: "read", name, prefix: false })),
    );
    await using handler = createApp(this.#registry, {
      tokens: { find: () => Promise.resolve(access) },
    });
    const ask = async (path: string) => {
      const headers = { authorization: "Bearer site" };
      const response = await handler(new Request(`http://localhost/${path}`, { headers }));
      if (response.ok) return response;
      throw new Error(`Cannot export ${path}: ${(await response.json()).detail}`);
    };
    const about = await (await ask("registry")).json();
    yield answer("registry", { ...about, features: [] });
    yield answer("names", { items: names.sort() });
    for (const [name, versions] of this.#chosen) yield* this.#nameFiles(name, versions, ask);
  }

  async *#nameFiles(
    name: string,
    versions: ReadonlySet<string>,
    ask: (path: string) => Promise<Response>,
  ): AsyncGenerator<SiteFile> {
    const path = `artifacts/${encode(name)}`;
    const list = async (path: string): Promise<Item[]> => {
      const items: Item[] = [];
      for (let after = "";; after = `&after=${encode(after)}`) {
        const page = await (await ask(`${path}limit=1000${after}`)).json();
        items.push(...page.items);
        if ((after = page.next) === undefined) return items;
      }
    };
    const isChosen = ({ version }: Item) => version !== undefined && versions.has(version);
    const listed = (await list(`${path}/versions?details=true&`)).filter(isChosen)
      .map((item) => item.info ? { ...item, info: this.#withoutOthers(item.info) } : item);
    const aliases = (await list(`${path}/aliases?`)).filter(isChosen);
    yield answer(`${path}/versions`, { items: listed });
    yield answer(`${path}/aliases`, { items: aliases });
    yield answer(`${path}/log`, { items: (await list(`${path}/log?`)).filter(isChosen) });
    for (const { alias = "" } of aliases) {
      const history = `${path}/aliases/${encode(alias)}/history`;
      yield answer(history, { items: (await list(`${history}?`)).filter(isChosen) });
    }
    for (const { version = "" } of listed) {
      const info = this.#withoutOthers(
        await (await ask(`${path}/versions/${encode(version)}`)).json(),
      );
      const selectors = aliases.filter((each) => each.version === version).map(({ alias }) =>
        alias!
      );
      if (version === itemAt(listed, 0).version) selectors.push("latest");
      for (const selector of [version, ...selectors]) {
        const at = `${path}/versions/${encode(selector)}`;
        yield answer(at, info);
        if (info.materializer.id !== RELEASE) continue;
        // `latest` of the site may be another version than that of the registry.
        const exact = `${path}/versions/${encode(version)}`;
        yield* this.#memberFiles(exact, at, ask);
      }
      const ref = `${name}@${version}`;
      for (const at of version === itemAt(listed, 0).version ? [ref, name] : [ref]) {
        yield await this.#lineageFile(ref, at, ask);
      }
      for (const file of info.files) {
        const parts = file.path.split("/").map(encode).join("/");
        const at = `${path}/versions/${encode(version)}/files/${parts}`;
        const { body, headers } = await ask(`${at}?commit=${encode(info.commit)}`);
        const type = headers.get("content-type")!;
        const content = body ?? new Uint8Array();
        // Stored pages and images must not run on the origin of the site.
        const isHarmless = headers.get("content-disposition")!.startsWith("inline");
        yield {
          path: sitePath(at),
          type: isHarmless ? type : "application/octet-stream",
          size: file.size,
          content,
        };
      }
      yield* this.#addedFiles(`${path}/versions/${encode(version)}`, info);
    }
  }

  async *#addedFiles(path: string, info: Artifact["info"]): AsyncGenerator<SiteFile> {
    const own = new Set(info.files.map((file) => file.path));
    for (const adds of this.#adds) {
      for (const { path: at, bytes } of await adds.of(this.#registry, info)) {
        if (own.has(at)) continue;
        const type = "application/octet-stream";
        // Under its own name, which runs nothing: other programs look for it.
        const folder = sitePath(`${path}/files/a`).replace(/[^/]*$/, "");
        yield { path: folder + at, type, size: bytes.byteLength, content: bytes };
      }
    }
  }

  async *#memberFiles(
    path: string,
    to: string,
    ask: (path: string) => Promise<Response>,
  ): AsyncGenerator<SiteFile> {
    const release: Release = await (await ask(`${path}/members`)).json();
    yield answer(`${to}/members`, release);
    for (const [key, { ref }] of Object.entries(release.members)) {
      const info = await ask(`artifacts/${ref.split("@").map(encode).join("/versions/")}`);
      const at = `${to}/members/${nameSegment(key)}`;
      yield answer(at, this.#withoutOthers(await info.json()));
    }
  }

  /** @param at the ref that a page asks for, such as the name alone */
  async #lineageFile(
    ref: string,
    at: string,
    ask: (path: string) => Promise<Response>,
  ): Promise<SiteFile> {
    const lineage = await (await ask(`lineage?ref=${encode(ref)}`)).json();
    const nodes = lineage.nodes.filter(({ ref }: { ref: string }) => this.#has(ref));
    const edges = lineage.edges.filter(({ from, to }: { from: string; to: string }) =>
      this.#has(from) && this.#has(to)
    );
    return answer("lineage", { ...lineage, nodes, edges, unsure: [], unreadable: [] }, at);
  }

  /** Returns the description of a version without inputs that the site does not have. */
  #withoutOthers<T extends Inputs>(info: T): T {
    return {
      ...info,
      inputs: info.inputs.filter((input) =>
        this.#has(typeof input === "string" ? input : input.ref)
      ),
    };
  }

  #has(ref: string): boolean {
    const { name, selector } = parseRef(ref);
    if (selector.kind !== "version") return false;
    return this.#chosen.get(name)?.has(selector.version.canonical) ?? false;
  }
}

function answer(path: string, value: unknown, ref?: string): SiteFile {
  const content = encoder.encode(`${JSON.stringify(value)}\n`);
  return { path: sitePath(path, { ref }), type: "application/json", size: content.length, content };
}

const ROOT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Holdfast explorer</title>
<meta http-equiv="refresh" content="0; url=explore/">
<p><a href="explore/">Explore</a></p>
</html>
`;

async function* bundleFiles(): AsyncGenerator<SiteFile> {
  const file = (path: string, text: string): SiteFile => {
    const content = encoder.encode(text);
    return { path, type: bundleType(path), size: content.length, content };
  };
  const { "index.html": page = "", ...scripts } = await pageFiles();
  for (const [name, text] of Object.entries(scripts)) yield file(`explore/${name}`, text);
  // The page follows its scripts, so that it works whenever it is there.
  yield file("explore/index.html", asSite(page));
  yield file("index.html", ROOT);
}

/** Marks the page, and gives it the policy that no server sends. */
function asSite(page: string): string {
  const policy = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  return page.replace(
    /(<meta charset="?utf-8"?\s*\/?>)/i,
    `$1\n<meta name="holdfast-site">\n${policy}`,
  );
}

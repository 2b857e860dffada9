import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Backend, isPrefix } from "../../../backends/mod.ts";
import { isStoreUrl } from "../../../core/urls/store_url.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import { loadPart } from "../../../core/urls/load_part.ts";
import type { Registry } from "../../../mod.ts";
import { checkFolder } from "../../../registry/places/mod.ts";
import type { AddedFiles } from "../../server/files/added_files.ts";
import type { SiteFile } from "../../server/explorer/site_file.ts";
import { expandNames } from "../look/expand_names.ts";
import { localPathOf, openStore } from "../places/open_store.ts";
import { type Command, type CommandContext, defineCommand } from "../program/command.ts";
import type { Extension } from "../program/extension.ts";
import { invalid } from "../terminal/hints.ts";
import { formatBytes, formatCount } from "../terminal/units.ts";

interface SitePart {
  siteFiles(
    registry: Registry,
    refs: readonly string[],
    adds: readonly AddedFiles[],
  ): AsyncGenerator<SiteFile>;
}

interface SiteWriter extends AsyncDisposable {
  write(file: SiteFile): Promise<void>;
  /** Removes what an earlier export left, after the last file. */
  finish?(): Promise<void>;
}

export const createExportSite = (extensions: readonly Extension[]): Command =>
  defineCommand({
    name: "export site",
    summary: "Write the explorer with some versions as files, for any web server or bucket.",
    details:
      "The site is read-only and needs no server of its own. It contains the page, and the API " +
      "responses and files of the versions that you name. A name without a version means its " +
      "latest. An earlier export at the location is replaced. A location with other files is refused.",
    args: [{
      usage: "<refs...>",
      text: "name@version, name@alias, or names; names may be patterns",
      completes: "ref",
    }],
    options: [{
      flags: "--to <place>",
      text: "a folder, or the URL of a bucket such as s3://bucket/site",
      completes: "file",
    }],
    examples: [
      ["holdfast export site my:model@production --to ./site", "one version"],
      ["holdfast export site 'reports:*' --to s3://bucket/reports", "the latest of several names"],
    ],
    async run([refs], { to }, context) {
      if (to === undefined) {
        throw invalid("export a site", "--to is missing", "Add a folder: --to ./site");
      }
      const registry = await context.open();
      const adds = extensions.flatMap(({ adds }) => adds ?? []);
      const { siteFiles } = await loadPart<SitePart>(
        "../../server/export_site.ts",
        import.meta.url,
      );
      const all = await expandNames(registry, refs, context.io.signal);
      await using writer = await openWriter(to, context);
      let files = 0, bytes = 0;
      for await (const file of siteFiles(registry, all, adds)) {
        context.io.signal.throwIfAborted();
        await writer.write(file);
        files++;
        bytes += file.size ?? 0;
      }
      await writer.finish?.();
      const text = `Exported ${formatCount(files, "file")}, ${formatBytes(bytes)}, to ${to}`;
      await context.done({ to, files, bytes }, text);
    },
  });

async function openWriter(to: string, context: CommandContext): Promise<SiteWriter> {
  if (isStoreUrl(to)) return await openBucket(to, context);
  if (!/^file:/i.test(to)) checkFolder(to, "export a site to");
  return await openFolder(resolve(context.io.cwd, localPathOf(to) ?? to));
}

/** Objects of an earlier export are removed after the last file is written: the site always works. */
async function openBucket(to: string, { io, logger }: CommandContext): Promise<SiteWriter> {
  const { cwd, system, signal } = io;
  const backend = await openStore(to, { cwd, system, logger });
  try {
    await checkPlace(backend, to, signal);
  } catch (error) {
    await backend[Symbol.asyncDispose]();
    throw error;
  }
  const written = new Set<string>();
  return {
    async write({ path, content, size, type: contentType }) {
      await backend.put(path, content, { size, contentType, signal });
      written.add(path);
    },
    async finish() {
      const others: string[] = [];
      for (const folder of OF_EXPORT) {
        for await (const object of backend.list(`${folder}/`, { signal })) {
          if (!isPrefix(object) && !written.has(object.key)) others.push(object.key);
        }
      }
      for (const error of (await removeObjects(backend, others, signal)).values()) throw error;
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

/** Refuses a path of a bucket with other objects than those of a site. */
async function checkPlace(backend: Backend, to: string, signal?: AbortSignal): Promise<void> {
  const entries = await Array.fromAsync(backend.list("", { limit: 1, signal }));
  const page = await (await backend.get(PAGE, { signal }))?.bytes();
  if (entries.length > 0 && !isSite(new TextDecoder().decode(page))) {
    const hint = "Choose a path without objects, or that of an earlier export.";
    throw invalid(`export a site to ${to}`, "the bucket has other objects there", hint);
  }
}

/** Refuses a folder with other files than those of a site. */
async function openFolder(folder: string): Promise<SiteWriter> {
  const names: string[] = await readdir(folder).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const page = await readFile(join(folder, ...PAGE.split("/")), "utf8").catch(() => "");
  const isAgain = isSite(page);
  if (names.length > 0 && !isAgain) {
    const hint = "Choose a new or empty folder, or the folder of an earlier export.";
    throw invalid(`export a site to ${folder}`, "the folder has other files", hint);
  }
  let toRemove = isAgain ? OF_EXPORT : [];
  return {
    async write({ path, content }) {
      for (const name of toRemove) await rm(join(folder, name), { recursive: true, force: true });
      toRemove = [];
      const target = join(folder, ...path.split("/"));
      await mkdir(dirname(target), { recursive: true });
      await using file = await opened(target);
      const stream = content instanceof Uint8Array ? new Blob([content.slice()]).stream() : content;
      for await (const bytes of stream) await file.write(bytes);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The page of a site, by which an earlier export is known. */
const PAGE = "explore/index.html";
/** The folders that differ between exports. */
const OF_EXPORT: readonly string[] = ["artifacts", "lineage", "explore"];

function isSite(page: string): boolean {
  return page.includes('<meta name="holdfast-site">');
}

async function opened(path: string) {
  const file = await open(path, "w");
  return {
    write: async (bytes: Uint8Array) => void await file.writeFile(bytes),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

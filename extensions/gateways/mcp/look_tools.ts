// Tools that find and describe versions.
import * as v from "npm:valibot@^1.5";
import { mapAtOnce, orMissing } from "../../../core/kernel.ts";
import { readLineage } from "../../../mod.ts";
import type { FileInfo } from "../../../materializers/mod.ts";
import { openPages, readAnnotations } from "../../../registry/mod.ts";
import type { ArtifactInput, PagedArtifact } from "../../../registry/mod.ts";
import { count, defineTool, fitting, ref, text, type Tool } from "./tool.ts";
import { uriOf } from "./resources.ts";

const page = { array: "items", string: "next" };
const CUT = "The search index is full: versions other than the newest 20 of a name may be missing";
const after = v.optional(text("`next` of the previous page"));

const findArtifacts: Tool = defineTool({
  name: "find_artifacts",
  description:
    "Finds artifacts: named, versioned datasets, models, reports or files. Without query, lists " +
    "all names with their latest version. With query, searches names, aliases, metadata, labels " +
    "and notes of all versions; may miss what other programs saved in the last minute.",
  kind: "read",
  input: v.strictObject({
    query: v.optional(text(
      "Words and filters that must all match, or with or and brackets, on name, version, alias, kind, " +
        "state, created, metadata.KEY, labels.KEY (~ is a regular expression): " +
        "resnet metadata.accuracy>0.9 (labels.stage=checked or name~^team/)",
    )),
    prefix: v.optional(text("Without query: only names that begin with this")),
    limit: count(30, "Default 30", 1, 100),
    after,
  }),
  output: { ...page, array: "items hints" },
  async run({ query, prefix, limit, after }, { registry, search, signal }) {
    if (query !== undefined) {
      const offset = Number(after ?? 0);
      const { items, hints, cut } = await search({ q: query, limit: limit + 1, offset });
      const notes = [...hints as string[] | undefined ?? [], ...cut ? [CUT] : []];
      const shown = fitting((items as unknown[]).slice(0, limit));
      const more = shown.length < (items as unknown[]).length;
      const next = more ? `${offset + shown.length}` : undefined;
      return { items: shown, next, hints: notes.length > 0 ? notes : undefined };
    }
    const names = await Array.fromAsync(
      registry.names({ prefix, after, limit: limit + 1, signal }),
    );
    const latest = async (name: string) => {
      const [entry] = await Array.fromAsync(registry.versions(name, { limit: 1, signal }));
      return { name, version: entry?.version, createdAt: entry?.modifiedAt };
    };
    const shown = names.slice(0, limit);
    const items = await Array.fromAsync(mapAtOnce(shown, latest));
    return { items, next: names.length > limit ? shown.at(-1) : undefined };
  },
});

const listVersions: Tool = defineTool({
  name: "list_versions",
  description: "Lists the versions of an artifact, newest first, with aliases and metadata.",
  kind: "read",
  input: v.strictObject({
    name: text("The artifact, without version"),
    range: v.optional(text("Only versions in this range, as in npm: ^1.2")),
    limit: count(20, "Default 20", 1, 100),
    after,
  }),
  output: page,
  async run({ name, range, limit, after }, { registry, signal }) {
    const facts = { details: true, withoutFiles: true };
    const options = { range, after, limit: limit + 1, ...facts, signal };
    const entries = await Array.fromAsync(registry.versions(name, options));
    // An unknown name is an error that suggests one: an empty list would say that it is right.
    if (entries.length === 0 && after === undefined) await registry.info(name, { signal });
    const aliases = await Array.fromAsync(registry.aliases(name, { signal }));
    const items = fitting(
      entries.slice(0, limit).map(({ version, modifiedAt, info }) => ({
        name,
        version,
        createdAt: info?.createdAt ?? modifiedAt,
        by: info?.by?.name,
        size: info?.size,
        kind: info?.materializer.id,
        aliases: aliases.flatMap((each) => each.version === version ? [each.alias] : []),
        metadata: info?.metadata,
        labels: info?.annotations?.labels,
        notes: info?.annotations?.notes,
      })),
    );
    const next = items.length < entries.length ? items.at(-1)?.version : undefined;
    return { items, next };
  },
});

const FILES_SHOWN = 200;

const describeVersion: Tool = defineTool({
  name: "describe_version",
  description: "Returns the files of a version with their sizes, its metadata, notes, labels, " +
    "aliases, digest, and inputs: the versions it was made from.",
  kind: "read",
  input: v.strictObject({
    ref: ref(),
    lineage: v.optional(v.pipe(v.boolean(), v.description("Also find versions made from it"))),
    offset: count(0, `Number of files to skip; ${FILES_SHOWN} are listed at a time`, 0),
  }),
  output: {
    string: "ref uri name version kind createdAt by digest notes",
    number: "size next moreUsedBy",
    array: "files aliases inputs usedBy",
    object: "metadata labels",
  },
  async run({ ref, lineage, offset }, { registry, signal }) {
    const described = await openPages(registry, ref, { verify: "full", signal });
    const { inputs, materializer, ...info } = described.info;
    const { name, version, createdAt, by, size, digest, metadata } = info;
    const exact = `${name}@${version}`;
    const aliases = await orMissing(Array.fromAsync(registry.aliases(name, { signal }))) ?? [];
    const { notes, labels } = await readAnnotations(registry, exact, { signal }) ?? {};
    const outputs = lineage &&
      await readLineage(registry, exact, { direction: "down", depth: 1, signal });
    const part = await filesFrom(described, offset);
    const shown = fitting(part.map(({ path, size, mode }) => ({ path, size, mode })));
    const end = offset + shown.length;
    const usedBy = outputs && fitting(outputs.edges.map(({ to }) => to), 1 / 4);
    return {
      ref: exact,
      name,
      version,
      kind: materializer.id,
      createdAt,
      by: by?.name,
      size,
      digest,
      metadata,
      notes,
      labels,
      uri: uriOf({ name, version }),
      files: shown,
      aliases: aliases.flatMap((each) => each.version === version ? [each.alias] : []),
      next: end < described.count ? end : undefined,
      inputs: inputs.map(refOf),
      usedBy,
      moreUsedBy: outputs && usedBy && outputs.edges.length - usedBy.length || undefined,
    };
  },
});

/** Returns the files to show. The pages before them are read, but not held. */
async function filesFrom({ pages }: PagedArtifact, offset: number): Promise<FileInfo[]> {
  let before = 0;
  const shown: FileInfo[] = [];
  for await (const { info: { files } } of pages({ ahead: 1 })) {
    shown.push(...files.slice(Math.max(offset - before, 0)).slice(0, FILES_SHOWN - shown.length));
    before += files.length;
    if (shown.length === FILES_SHOWN) break;
  }
  return shown;
}

export function refOf(input: ArtifactInput): string {
  return typeof input === "string" ? input : input.ref;
}

export const LOOK_TOOLS: readonly Tool[] = [findArtifacts, listVersions, describeVersion];

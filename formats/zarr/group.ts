// Groups: nodes that contain arrays and groups, with attributes.
import type { CallOptions } from "../../core/backend.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { joinPath, parsePath } from "../../core/naming/paths.ts";
import { checkAttributes, writeAttributes } from "./attributes.ts";
import { corrupt, invalid, unsupported } from "./errors.ts";
import { attributesOf, needObject } from "./documents/metadata.ts";
import { documentBytes, isObject, parseDocument } from "./documents/metadata_text.ts";
import type { ZarrObject } from "./documents/metadata_text.ts";
import { checkFree, noNode, writableStore, type ZarrStore } from "./store.ts";

/** An array or a group below a group. */
export interface ZarrChild {
  name: string;
  path: string;
  kind: "array" | "group";
}

/** A group in a store. */
export interface ZarrGroup {
  readonly store: ZarrStore;
  readonly path: string;
  readonly version: 2 | 3;
  /** JSON with bigints for whole numbers above 2^53. */
  readonly attributes: Readonly<ZarrObject>;
  /**
   * Returns its direct arrays and groups, by name: from its consolidated metadata as of the
   * opening, or else by listing the store. Documents of arrays are always read themselves, because
   * consolidated metadata may be outdated.
   */
  children(options?: CallOptions): Promise<ZarrChild[]>;
  setAttributes(attributes: Readonly<ZarrObject>, options?: CallOptions): Promise<void>;
}

interface GroupState {
  version: 2 | 3;
  attributes: ZarrObject;
  document: ZarrObject;
  consolidated?: Map<string, "array" | "group">;
}

/** Creates a group. Fails with `AlreadyExists` if the path has an array or a group. */
export async function createZarrGroup(
  store: ZarrStore,
  path: string,
  { version = 3, attributes = {}, signal }: CallOptions & {
    /** Version of the format. @default 3 */
    version?: 2 | 3;
    /** JSON with bigints. */
    attributes?: Readonly<ZarrObject>;
  } = {},
): Promise<ZarrGroup> {
  const at = parsePath(path);
  checkAttributes(at, attributes);
  if (version !== 2 && version !== 3) {
    throw invalid(at, `unknown version ${version}`, "Use version 2 or 3.");
  }
  const { set } = writableStore(store, "create zarr");
  await checkFree(store, at, { signal });
  const own = structuredClone(attributes) as ZarrObject;
  if (version === 2 && Object.keys(own).length > 0) {
    await set(joinPath(at, ".zattrs"), documentBytes(own), { signal });
  }
  const [name, document] = version === 2
    ? [".zgroup", { zarr_format: 2 }]
    : ["zarr.json", { zarr_format: 3, node_type: "group", attributes: own }];
  await set(joinPath(at, name), documentBytes(document), { signal });
  return groupHandle(store, at, { version, attributes: own, document });
}

/** Opens a group of either version. Fails with `NotFound` if there is none. */
export async function openZarrGroup(
  store: ZarrStore,
  path: string,
  { signal }: CallOptions = {},
): Promise<ZarrGroup> {
  const at = parsePath(path);
  const key = joinPath(at, "zarr.json");
  const bytes = await store.get(key, { signal });
  if (bytes !== undefined) {
    const document = parseDocument(key, bytes);
    if (document.zarr_format !== 3) throw corrupt(key, "its version is not 3");
    if (document.node_type === "array") throw noNode(store, at, "group", "array");
    if (document.node_type !== "group") throw corrupt(key, "it is neither an array nor a group");
    const attributes = attributesOf(key, document);
    const consolidated = isObject(document.consolidated_metadata)
      ? kindsOf(needObject(key, document.consolidated_metadata.metadata, "consolidated metadata"))
      : undefined;
    return groupHandle(store, at, { version: 3, attributes, document, consolidated });
  }
  const below = (name: string) => joinPath(at, name);
  const names = [below(".zgroup"), below(".zattrs"), below(".zmetadata")] as const;
  const documents = names.map((name) => store.get(name, { signal }));
  const [group, noted, summary] = await Promise.all(documents);
  if (group === undefined) throw noNode(store, at, "group");
  const document = parseDocument(names[0], group);
  if (document.zarr_format !== 2) throw corrupt(names[0], "its version is not 2");
  const all = summary && parseDocument(names[2], summary).metadata;
  const consolidated = summary && kindsOfOld(needObject(names[2], all, "consolidated metadata"));
  const attributes = noted === undefined ? {} : parseDocument(names[1], noted);
  return groupHandle(store, at, { version: 2, attributes, document, consolidated });
}

function kindsOf(documents: ZarrObject): Map<string, "array" | "group"> {
  return new Map(
    Object.entries(documents).flatMap(([path, document]) => {
      const kind = isObject(document) ? document.node_type : undefined;
      return kind === "array" || kind === "group" ? [[path, kind] as const] : [];
    }),
  );
}

/** Parses the keys of version 2: `plate/.zarray`. */
function kindsOfOld(documents: ZarrObject): Map<string, "array" | "group"> {
  return new Map(
    Object.keys(documents).flatMap((key) => {
      const [, path, kind] = /^(.*)\/\.z(array|group)$/.exec(key) ?? [];
      return path === undefined ? [] : [[path, kind as "array" | "group"] as const];
    }),
  );
}

function groupHandle(store: ZarrStore, path: string, state: GroupState): ZarrGroup {
  let { attributes, document } = state;
  const { version, consolidated } = state;

  async function kindAt(at: string, options: CallOptions): Promise<"array" | "group" | undefined> {
    const names = version === 3 ? ["zarr.json"] : [".zarray", ".zgroup"];
    const documents = await Promise.all(
      names.map((name) => store.get(joinPath(at, name), options)),
    );
    if (version === 2) {
      return documents[0] !== undefined
        ? "array"
        : documents[1] !== undefined
        ? "group"
        : undefined;
    }
    const kind = documents[0] && parseDocument(joinPath(at, "zarr.json"), documents[0]).node_type;
    return kind === "array" || kind === "group" ? kind : undefined;
  }

  return {
    store,
    path,
    version,
    get attributes() {
      return structuredClone(attributes);
    },
    async children(options = {}) {
      const childAt = (name: string, kind: "array" | "group") => {
        return { name, path: joinPath(path, name), kind };
      };
      if (consolidated !== undefined) {
        const direct = [...consolidated].filter(([name]) => !name.includes("/") && name !== "");
        const children = direct.map(([name, kind]) => childAt(name, kind));
        return children.sort((a, b) => a.name < b.name ? -1 : 1);
      }
      if (store.list === undefined) {
        const state = "the store cannot list, and there is no consolidated metadata";
        throw unsupported(path, state, "Open children by name.");
      }
      const names: string[] = [];
      for await (const name of store.list(path, options)) {
        if (name.endsWith("/")) names.push(name.slice(0, -1));
      }
      const kinds = mapAtOnce(names.sort(), async (name) => {
        return { name, kind: await kindAt(joinPath(path, name), options) };
      });
      const children: ZarrChild[] = [];
      for await (const { name, kind } of kinds) {
        if (kind !== undefined) children.push(childAt(name, kind));
      }
      return children;
    },
    async setAttributes(newAttributes, options = {}) {
      const state = { version, document };
      ({ attributes, document } = await writeAttributes(
        store,
        path,
        state,
        newAttributes,
        options,
      ));
    },
  };
}

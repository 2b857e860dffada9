// The verbs of a registry, each as requests to its service.
import { fault, orMissing } from "../../core/errors.ts";
import { type DefinedArtifact, type Materializers, namedBy } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import { checkAlias, parseRef } from "../../core/naming/refs.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import { type Past, pinned } from "../../registry/contract/as_of.ts";
import { checkDelete } from "../../core/options/check_delete.ts";
import { wrapVerbs, type WrapVerbsOptions } from "../../registry/contract/wrap_verbs.ts";
import { createLoadLimit } from "../../registry/contract/load_limit.ts";
import { makeValue } from "../../registry/contract/make_value.ts";
import type { RegistrySettings } from "../../core/record.ts";
import type {
  AliasChange,
  LoadOptions,
  ReadOptions,
  Registry,
  Verify,
} from "../../core/registry.ts";
import type { SaveOptions } from "../../core/registry.ts";
import { artifactPath, segment, versionPath } from "./address.ts";
import type { Connection } from "./connection.ts";
import { createDirectTransfers } from "./direct.ts";
import { loadDisk } from "./download.ts";
import { openRemoteDraft } from "./drafts.ts";
import { createRemoteLog, deletionsIn, firstSavesIn, listAll } from "./listing.ts";
import { openVersion, untilNotOverwritten, versionInfo } from "./open_version.ts";
import { saveValue } from "./save_value.ts";
import { watchRemote } from "./watch.ts";
import { changeOf, flag, lineageOf, savedOf, versionOf } from "./wire.ts";
import type { OnWire, WireVersion } from "./wire.ts";

export interface RemoteRegistryOptions extends WrapVerbsOptions {
  id: string;
  settings: RegistrySettings;
  materializers: Materializers;
  readOnly: boolean;
  /** How loaded bytes are checked. */
  verify: Verify;
  /** What one load may read into memory, bytes. */
  maxLoadBytes: number;
}

export function createRemoteRegistry(
  connection: Connection,
  options: RemoteRegistryOptions,
): Registry {
  const { id, settings, materializers, maxLoadBytes } = options;
  const { location } = connection;

  function checkWritable(action: string): void {
    if (!options.readOnly) return;
    throw fault({
      code: "Denied",
      action,
      state: "the registry was opened read-only",
      hint: "Open it without readOnly to write.",
      backend: location,
    });
  }

  async function saveOne(name: string, value: unknown, options: SaveOptions = {}) {
    checkWritable(`save ${shown(name)}`);
    return await saveValue(connection, { name, value, materializers }, options);
  }

  const open = async (
    asked: string,
    given: ReadOptions & Pick<LoadOptions, "onProgress">,
    read?: boolean,
  ) => {
    const { ref, options: how } = await pinned(pastOf(), asked, given);
    const limit = createLoadLimit(maxLoadBytes);
    const artifact = await openVersion(connection, ref, {
      ...how,
      verify: how.verify ?? options.verify,
      limit,
      read,
    });
    return { artifact, limit };
  };

  async function loadOne(ref: string, given: LoadOptions = {}): Promise<unknown> {
    return await untilNotOverwritten(async () => {
      const { artifact, limit } = await open(ref, given, true);
      return await makeValue(artifact, { ...given, materializers, limit });
    });
  }

  const names: Registry["names"] = ({ prefix, after, limit, signal } = {}) =>
    listAll<string>(connection, {
      action: "list names",
      path: "names",
      query: { prefix },
      after,
      limit,
      signal,
    });

  const info: Registry["info"] = async (asked, given = {}) => {
    const { ref, options } = await pinned(pastOf(), asked, given);
    return await versionInfo(connection, ref, options);
  };
  const has: Registry["has"] = async (asked, given = {}) => {
    const found = await orMissing(pinned(pastOf(), asked, given));
    if (found === undefined) return false; // nor was it there
    const { ref, options: { version, signal } } = found;
    const path = versionPath(ref, version);
    const call = {
      action: `find ${shown(ref)}`,
      method: "HEAD",
      path,
      also: [404],
      signal,
    } as const;
    const { ok, headers } = await connection.request(call);
    const isService = /^application\/(problem\+)?json\b/i.test(headers.get("content-type") ?? "");
    if (!isService) {
      throw connection.strange(call, "it tells of no version");
    }
    return ok;
  };
  const remove: Registry["delete"] = async (
    ref,
    { version, force, ifCommit, signal, ...all } = {},
  ) => {
    const action = `delete ${shown(ref)}`;
    checkWritable(action);
    const parsed = parseRef(ref, version);
    checkDelete(parsed, all, settings);
    const { name, bare } = parsed;
    const path = bare ? artifactPath(name) : versionPath(ref, version);
    const query = { force, ifCommit, ...(bare ? { allVersions: true } : {}) };
    const call = { action, method: "DELETE", path, query, writes: true, signal } as const;
    return await connection.read(call, flag("deleted"));
  };

  const log = createRemoteLog(connection);
  const registry: Registry = {
    location,
    id,
    settings,
    materializers,
    save: (
      artifact: string | DefinedArtifact<unknown>,
      value: unknown,
      options: SaveOptions = {},
    ) => {
      const [name, how] = namedBy(artifact, "materializer", options);
      return saveOne(name, value, how);
    },
    load:
      (async (ref: string | DefinedArtifact<unknown>, options: LoadOptions = {}) =>
        await loadOne(...namedBy(ref, "as", options))) as Registry["load"],
    get: (ref, given = {}) =>
      untilNotOverwritten(async () => {
        const opened = await orMissing(open(ref, given, true));
        if (opened === undefined) return undefined;
        const { artifact, limit } = opened;
        return await makeValue(artifact, { ...given, materializers, limit });
      }),
    open: async (ref, options = {}) => (await open(ref, options)).artifact,
    async download(ref, options) {
      const download = (await loadDisk(ref)).createDownload(options);
      const reading = { ...options, onProgress: download.onProgress };
      return await untilNotOverwritten(async () =>
        await download.write((await open(ref, reading)).artifact)
      );
    },
    info,
    has,
    delete: remove,
    names,
    async *versions(name, { range, details, limit, signal } = {}) {
      const action = `list the versions of ${shown(name)}`;
      const path = `${artifactPath(name)}/versions`;
      const listing = { action, path, query: { range, details }, limit, signal };
      for await (const entry of listAll<WireVersion>(connection, listing)) {
        yield versionOf(entry, { action, location, writes: false });
      }
    },

    async setAlias(name, alias, version, { expected, signal } = {}) {
      const action = `let ${shown(alias)} of ${shown(name)} name ${shown(version)}`;
      checkWritable(action);
      const call = {
        action,
        method: "PUT",
        path: aliasPath(name, alias),
        json: { version, expected },
        writes: true,
        repeats: expected === undefined, // after an own one that was done, another would seem to have come first
        signal,
      } as const;
      const set = await connection.json<{ alias?: unknown } | null>(call);
      if (set?.alias !== alias) throw connection.strange(call, "it tells of no alias");
    },
    async deleteAlias(name, alias, { expected, signal } = {}) {
      const action = `delete the alias ${shown(alias)} of ${shown(name)}`;
      checkWritable(action);
      const path = aliasPath(name, alias);
      const query = expected === undefined ? {} : { expected: expected ?? "" };
      const call = { action, method: "DELETE", path, query, writes: true, signal } as const;
      return await connection.read(call, flag("deleted"));
    },
    async aliases(name, { signal } = {}) {
      const path = `${artifactPath(name)}/aliases`;
      const listing = { action: `list the aliases of ${shown(name)}`, path, signal };
      const aliases: Record<string, string> = {};
      for await (
        const { alias, version } of listAll<{ alias: string; version: string }>(connection, listing)
      ) {
        Object.defineProperty(aliases, alias, {
          value: version,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      return aliases;
    },
    async *history(name, alias, { limit, signal } = {}) {
      const path = `${aliasPath(name, alias)}/history`;
      const listing = {
        action: `tell what ${shown(alias)} of ${shown(name)} named`,
        path,
        limit,
        signal,
      };
      for await (const change of listAll<OnWire<AliasChange>>(connection, listing)) {
        yield changeOf(change);
      }
    },

    async copy(ref, to, { onConflict, signal } = {}) {
      const action = `copy ${shown(ref)} to ${shown(to)}`;
      checkWritable(action);
      const path = `${versionPath(ref)}/copy`;
      const call = {
        action,
        method: "POST",
        path,
        json: { to, onConflict },
        writes: true,
        signal,
      } as const;
      return await connection.read(call, savedOf);
    },
    openDraft: (name, { id }) =>
      Promise.resolve().then(() =>
        openRemoteDraft(connection, name, { id, materializers, checkWritable })
      ),
    watch: (name, options) => watchRemote(connection, name, options),
    service: {
      async lineage(ref, { direction, depth, signal } = {}) {
        parseRef(ref);
        const action = `follow the lineage of ${shown(ref)}`;
        const call = { action, path: "lineage", query: { ref, direction, depth }, signal };
        return await connection.read(call, lineageOf);
      },
      log,
      ...createDirectTransfers(connection, { checkWritable }),
    },
    [Symbol.asyncIterator]: () => names()[Symbol.asyncIterator](),
    [Symbol.asyncDispose]: () => Promise.resolve(), // the runtime keeps the connections
  };
  const { versions, history } = registry;
  /** The past of one name, for one question: one log answers for all its versions. */
  const pastOf = (): Past => {
    let saves: ReturnType<typeof firstSavesIn> | undefined;
    return {
      ...{ info, versions, history },
      deletions: (name, signal) => deletionsIn(log(name, { signal })),
      async firstSavedAt(name, version, signal) {
        saves ??= firstSavesIn(log(name, { signal }));
        return (await saves).get(parseVersion(version).canonical);
      },
    };
  };
  return wrapVerbs(registry, options);
}

function aliasPath(name: string, alias: string): string {
  checkAlias(alias);
  return `${artifactPath(name)}/aliases/${segment(alias)}`;
}

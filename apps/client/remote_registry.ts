// The methods of a registry, as requests to its service.
import type { Artifact, PagedArtifact } from "../../core/artifact.ts";
import { denied, orMissing } from "../../core/errors.ts";
import { type DefinedArtifact, type Materializers, namedBy } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import { METHODS, type RoutedName } from "../../core/options/methods.ts";
import type { OperationRow } from "../../core/registry/operations/row.ts";
import { type Past, pinned } from "../../core/calls/as_of.ts";
import { checkDelete } from "../../core/options/check_delete.ts";
import { memberMeant } from "../../registry/contract/release.ts";
import { wrapVerbs, type WrapVerbsOptions } from "../../registry/contract/wrap_verbs.ts";
import { createLoadLimit, type LoadLimit } from "../../core/calls/load_limit.ts";
import { makeValue } from "../../registry/contract/make_value.ts";
import type { RegistrySettings } from "../../core/record.ts";
import type {
  LoadOptions,
  ReadOptions,
  RefOptions,
  Registry,
  SavedArtifact,
  SaveOptions,
  ServiceRegistry,
  Verify,
} from "../../core/registry.ts";
import { LINEAGE } from "../../core/registry/lineage.ts";
import { memberOf } from "../../core/registry/release.ts";
import type { RetentionRules } from "../../core/registry/rules.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import { artifactPath, versionPath } from "./address.ts";
import type { Call, Connection } from "./connection.ts";
import { listingOf, requestOf, requestOperation } from "./operations.ts";
import { type Asked, isOfService } from "./problem.ts";
import { createPresignDownload, createPresignUpload } from "./presign_download.ts";
import { loadDisk } from "./download.ts";
import { openRemoteDraft } from "./drafts.ts";
import { createRemoteLog, createRemoteRegistryLog, deletionsIn, firstSavesIn } from "./log.ts";
import { listAll } from "./listing.ts";
import { createRemoteRuns } from "./runs.ts";
import { openPages, openVersion, untilNotOverwritten, versionInfo } from "./open_version.ts";
import { saveValue } from "./save_value.ts";
import { watchRemote } from "./watch.ts";
import {
  annotationsOf,
  flag,
  lineageOf,
  type OnWire,
  releaseOf,
  rulesOf,
  versionOf,
  type WireVersion,
} from "./wire.ts";

export interface RemoteRegistryOptions extends WrapVerbsOptions {
  id: string;
  settings: RegistrySettings;
  materializers: Materializers;
  readOnly: boolean;
  verify: Verify;
  /** The most bytes that one load may read into memory. */
  maxLoadBytes: number;
}

export function createRemoteRegistry(
  connection: Connection,
  options: RemoteRegistryOptions,
): ServiceRegistry {
  const { id, settings, materializers } = options;
  const requests = requestMethods(connection, options);
  const { service, ...own } = new RemoteMethods(connection, options, requests);
  const methods = { ...requests, ...own };
  const registry: ServiceRegistry = {
    location: connection.location,
    id,
    settings,
    materializers,
    ...methods,
    service: {
      ...service,
      log: createRemoteLog(connection),
      registryLog: createRemoteRegistryLog(connection),
      presignDownload: createPresignDownload(connection),
      presignUpload: createPresignUpload(connection),
      ...createRemoteRuns(connection, (action) => checkWritable(connection, options, action)),
    },
    clearCache: () => Promise.resolve({ files: 0, bytes: 0 }),
    [Symbol.asyncIterator]: () => methods.names()[Symbol.asyncIterator](),
    close: async () => await registry[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => Promise.resolve(), // the runtime owns the connections
  };
  return wrapVerbs(registry, options);
}

/** The methods whose rows describe their requests, beside those of {@linkcode RemoteMethods}. */
type Requests = Pick<Registry, RoutedName>;

function requestMethods(connection: Connection, options: RemoteRegistryOptions): Requests {
  const check = (action: string) => checkWritable(connection, options, action);
  const methods = Object.entries<OperationRow>(METHODS).flatMap(([name, row]) =>
    row.route?.answer === undefined ? [] : [[name, requestOperation(connection, row, check)]]
  );
  return Object.fromEntries(methods);
}

function checkWritable(
  { location }: Connection,
  { readOnly }: RemoteRegistryOptions,
  action: string,
): void {
  if (!readOnly) return;
  throw denied(action, undefined, "the registry was opened read-only", {
    hint: "Open it without readOnly to write.",
    backend: location,
  });
}

/** The methods that call the service. They are fields, so each also works without its object. */
class RemoteMethods {
  readonly #connection: Connection;
  readonly #options: RemoteRegistryOptions;

  readonly #requests: Requests;

  constructor(connection: Connection, options: RemoteRegistryOptions, requests: Requests) {
    this.#connection = connection;
    this.#options = options;
    this.#requests = requests;
  }

  readonly #checkWritable = (action: string): void =>
    checkWritable(this.#connection, this.#options, action);

  save = async (
    artifact: string | DefinedArtifact<unknown>,
    value: unknown,
    options: SaveOptions = {},
  ): Promise<SavedArtifact> => {
    const [name, saveOptions] = namedBy(artifact, options);
    this.#checkWritable(`save ${shown(name)}`);
    const { materializers } = this.#options;
    return await saveValue(this.#connection, { name, value, materializers }, saveOptions);
  };

  load = (async (
    artifact: string | DefinedArtifact<unknown>,
    options: LoadOptions = {},
  ): Promise<unknown> => {
    const [ref, loadOptions] = namedBy(artifact, options);
    return await untilNotOverwritten(async () =>
      this.#make(await this.#open(ref, loadOptions, true), loadOptions)
    );
  }) as Registry["load"];

  get: Registry["get"] = (ref, options = {}) =>
    untilNotOverwritten(async () => {
      const opened = await orMissing(this.#open(ref, options, true));
      return opened && await this.#make(opened, options);
    });

  open: Registry["open"] = async (ref, options = {}) => (await this.#open(ref, options)).artifact;

  readonly #openPages = async (
    asked: string,
    given: ReadOptions & Pick<LoadOptions, "onProgress"> = {},
  ): Promise<PagedArtifact> => {
    const { ref, options } = await this.#reading(asked, given);
    return await openPages(this.#connection, ref, options);
  };

  download: Registry["download"] = async (ref, options) => {
    const download = (await loadDisk(ref)).createDownload(options);
    const reading = { ...options, onProgress: download.onProgress };
    return await untilNotOverwritten(async () =>
      await download.write(await this.#openPages(ref, reading))
    );
  };

  info: Registry["info"] = async (asked, given = {}) => {
    const { ref, options } = await this.#pinned(asked, given);
    if (!given.annotations) return await versionInfo(this.#connection, ref, options);
    const { version = parseRef(ref).bare ? "latest" : undefined, signal } = options;
    const [info, annotations] = await Promise.all([
      versionInfo(this.#connection, ref, options),
      this.#annotationsAt(`${versionPath(ref, version)}/annotations`, ref, signal),
    ]);
    return annotations === undefined ? info : { ...info, annotations };
  };

  has: Registry["has"] = async (asked, which = {}) => {
    const pin = await orMissing(this.#pinned(asked, which));
    if (pin === undefined) return false;
    const { ref, options } = pin;
    const [action, path] = [`find ${shown(ref)}`, versionPath(ref, options.version)];
    const call = { action, method: "HEAD", path, also: [404], signal: options.signal } as const;
    const response = await this.#connection.request(call);
    if (!isOfService(response)) throw this.#connection.unexpected(call, "it is not a version");
    // Only an answer with a body shows whether a 404 is about the name.
    return response.ok ||
      await orMissing(versionInfo(this.#connection, ref, options)) !== undefined;
  };

  delete: Registry["delete"] = async (ref, options = {}) => {
    const { version, dryRun } = options;
    if (!dryRun) this.#checkWritable(`delete ${shown(ref)}`);
    const parsed = parseRef(ref, version);
    checkDelete(parsed, options, this.#options.settings);
    const call = requestOf(METHODS.delete, [ref, options]);
    const ofAll = { path: artifactPath(parsed.name), query: { ...call.query, allVersions: true } };
    const asked = { ...call, ...parsed.bare ? ofAll : {}, writes: !dryRun };
    return await this.#connection.read(asked, flag("deleted"));
  };

  names: Registry["names"] = (options) =>
    listAll(
      this.#connection,
      () => listingOf(METHODS.names, [options]),
      (name: string) => name,
    );

  versions: Registry["versions"] = (name, options = {}) => {
    const action = `list the versions of ${shown(name)}`;
    const asked = { action, location: this.#connection.location, writes: false };
    const details = options.details || options.annotations;
    return listAll(
      this.#connection,
      () => listingOf(METHODS.versions, [name, { ...options, details }]),
      (entry: WireVersion) => versionOf(entry, asked, options),
    );
  };

  // deno-lint-ignore require-await -- errors reject the promise
  openDraft: Registry["openDraft"] = async (name, { id }) => {
    const { materializers } = this.#options;
    const checkWritable = this.#checkWritable;
    return openRemoteDraft(this.#connection, name, { id, materializers, checkWritable });
  };

  watch: Registry["watch"] = (name, options) => watchRemote(this.#connection, name, options);

  readonly service = {
    openPages: this.#openPages,

    lineage: async (ref, options) => {
      parseRef(ref);
      return await this.#connection.read(requestOf(LINEAGE, [ref, options]), lineageOf);
    },

    annotations: (ref, { signal } = {}) => this.#annotationsAt(annotationsPath(ref), ref, signal),

    annotate: (ref, change, { ifRevision, signal } = {}) =>
      this.#write(`annotate ${shown(ref)}`, annotationsOf, () => ({
        method: "PATCH",
        path: annotationsPath(ref),
        json: change,
        query: { ifRevision },
        repeats: ifRevision === undefined, // a repeat would not find the revision again
        signal,
      })),

    release: async (ref, { signal } = {}) => {
      const call = {
        action: `read the release ${shown(ref)}`,
        path: `${versionPath(ref)}/members`,
        signal,
      };
      return await this.#connection.read(call, releaseOf);
    },

    rules: async ({ name, signal } = {}) => {
      const call = { action: "read the rules", path: "rules", query: { name }, signal };
      return await this.#connection.read(call, rulesOf);
    },

    changeRules: ({ signal, ...json }) =>
      this.#write("change rules", rulesOf, () => ({
        method: "PATCH",
        path: "rules",
        json,
        repeats: json.set !== undefined && json.ifRevision === undefined,
        signal,
      })),

    rulesHistory: ({ signal } = {}) => {
      const call = { action: "read the rules", path: "rules/history", signal };
      return listAll(
        this.#connection,
        () => call,
        (wire: OnWire<RetentionRules>) =>
          rulesOf(wire, { ...call, location: this.#connection.location, writes: false }),
      );
    },
  } satisfies RegistryService;

  #annotationsAt(path: string, ref: string, signal?: AbortSignal) {
    const call = { action: `read the annotations of ${shown(ref)}`, path, signal };
    return this.#connection.read(
      call,
      (wire: Parameters<typeof annotationsOf>[0] | null, asked) =>
        wire === null ? undefined : annotationsOf(wire, asked),
    );
  }

  /** Returns the exact ref of a member of a release, or of a moment of the past. */
  async #pinned<O extends RefOptions>(asked: string, options: O) {
    if (memberOf(asked) === undefined) return await pinned(this.#past(), asked, options);
    const { info, open, service } = this;
    const ref = await memberMeant({ info, open, service }, asked, options);
    return { ref, options: { ...options, asOf: undefined } };
  }

  async #write<W, T>(
    action: string,
    parse: (wire: W, asked: Asked) => T,
    begin: () => Omit<Call, "action">,
  ): Promise<T> {
    this.#checkWritable(action);
    return await this.#connection.read({ action, writes: true, ...begin() }, parse);
  }

  async #open(
    asked: string,
    given: ReadOptions & Pick<LoadOptions, "onProgress">,
    read?: boolean,
  ): Promise<{ artifact: Artifact; limit: LoadLimit }> {
    const { ref, options } = await this.#reading(asked, given);
    const artifact = await openVersion(this.#connection, ref, { ...options, read });
    return { artifact, limit: options.limit };
  }

  async #reading<O extends ReadOptions>(asked: string, given: O) {
    const { ref, options } = await this.#pinned(asked, given);
    const { verify = this.#options.verify } = options;
    const limit = createLoadLimit(this.#options.maxLoadBytes);
    return { ref, options: { ...options, verify, limit } };
  }

  #make(
    { artifact, limit }: { artifact: Artifact; limit: LoadLimit },
    options: LoadOptions,
  ): Promise<unknown> {
    return makeValue(artifact, { ...options, materializers: this.#options.materializers, limit });
  }

  /** The past of one name. Reads its log at most once. */
  #past(): Past {
    const { info, versions } = this;
    const { history } = this.#requests;
    const log = createRemoteLog(this.#connection);
    let saves: ReturnType<typeof firstSavesIn> | undefined;
    return {
      info,
      versions,
      history,
      deletions: (name, signal) => deletionsIn(log(name, { signal })),
      async firstSavedAt(name, version, signal) {
        saves ??= firstSavesIn(log(name, { signal }));
        return (await saves).get(parseVersion(version).canonical);
      },
    };
  }
}

function annotationsPath(ref: string): string {
  const { name, bare } = parseRef(ref);
  return `${bare ? artifactPath(name) : versionPath(ref)}/annotations`;
}

// The contract of a storage backend: an object store with five methods, which does not depend on
// artifacts.
/** Content to store. */
export type Body = Uint8Array | Blob | ReadableStream<Uint8Array>;

/** Options of every call. */
export interface CallOptions {
  /** Aborts the call, which then throws the signal's reason. */
  signal?: AbortSignal;
}

/** Options of {@linkcode Backend.head}. */
export interface HeadOptions extends CallOptions {
  /** Asks for the {@linkcode ObjectInfo.sha256}. @default false */
  sha256?: boolean;
}

/** Options of {@linkcode Backend.get}. */
export interface GetOptions extends CallOptions {
  /** Read only `length` bytes from `offset`, clipped at the end of the object. */
  range?: ByteRange;
  /**
   * You call `passTo` at once: at most one part is read ahead of `write`.
   * @default false
   */
  passing?: boolean;
}

/** A range of bytes. */
export interface ByteRange {
  /** First byte, from 0. */
  offset: number;
  /** @default up to the end */
  length?: number;
}

/** Options of {@linkcode Backend.put}. */
export interface PutOptions extends CallOptions {
  /**
   * `create` fails if the object exists. It is atomic: exactly one of several concurrent creates
   * wins. @default "overwrite"
   */
  mode?: "overwrite" | "create";
  /** Length of a streamed body, bytes, if known. A body of another length is refused. */
  size?: number;
  /** Media type, if the store keeps one. */
  contentType?: string;
  /** Small ASCII values stored with the object, if the store supports them. */
  metadata?: Record<string, string>;
  /**
   * This write allows other data to be removed, so a full store may use its {@linkcode
   * Backend.reserve}. @default false
   */
  useReserve?: boolean;
}

/** Options of {@linkcode Backend.list}. */
export interface ListOptions extends CallOptions {
  /** Only keys after this one, which need not exist. */
  after?: string;
  /** Maximum number of entries. @default all */
  limit?: number;
  /** Allows the store to list only the first of all keys that are equal up to their last `/`. */
  firstPerFolder?: boolean;
  /**
   * Groups keys that share the characters between the prefix and this delimiter into one {@linkcode
   * Prefix}.
   */
  delimiter?: "/";
}

/** Metadata of one object. */
export interface ObjectInfo {
  key: string;
  size: number;
  /** When it was written, milliseconds since 1970 by the store's clock; on a disk its ctime. */
  modifiedAt: number;
  /** The store's tag of this content, if it has tags. */
  etag?: string;
  /** SHA-256 that the store compared with the bytes when it was written, if `head` asked for it. */
  sha256?: string;
}

/** A group of keys, in a listing with a delimiter. */
export interface Prefix {
  /** The common start of the keys, ending with the delimiter. */
  prefix: string;
}

/** A folder of keys on a disk. */
export interface StoredFolder extends Prefix {
  /** Distinguishes it from other folders of the store. */
  readonly path: string;
}

/** Calls of a disk that cost less than lists, for keys of many folders. */
export interface StoredFolders {
  /** Yields the folders of a list with a delimiter, also empty ones, some at a time. */
  list(
    prefix: string,
    options?: Pick<ListOptions, "after" | "signal">,
  ): AsyncIterable<readonly StoredFolder[]>;
  /**
   * Yields, like a list of `firstPerFolder`, the keys of a folder that continue with `tail`.
   * Undefined at the end if only a list can show the rest.
   */
  heads(folder: StoredFolder, tail: string): Iterable<ObjectInfo | undefined>;
  /**
   * Returns a function for folders that have an object whose key continues with `tail`, as `folder`
   * does. It returns the object's size, or undefined if it is gone or `newer` is there. Undefined
   * if `folder` is not the folder of its keys.
   */
  watch(folder: StoredFolder, tail: string, newer: string):
    | ((folder: StoredFolder) => number | undefined)
    | undefined;
}

/**
 * An object to read. Read `body`, or call `bytes()` or `passTo()`; cancel `body` if you need none.
 */
export interface StoredObject {
  /** Size and time of the whole object, even if a range was requested. */
  info: ObjectInfo;
  /** The caller owns these bytes, and those of `bytes()`: the backend does not reuse them. */
  readonly body: ReadableStream<Uint8Array>;
  /** A `file:` URL of the whole object, for threads that read it themselves. @default absent */
  readonly url?: string;
  bytes(): Promise<Uint8Array>;
  /**
   * Passes the bytes to `write`, in order, as they arrive: less work than a stream. A chunk is valid
   * until `write` returns, or until its promise is fulfilled. @default reads `body`
   */
  passTo?(write: (chunk: Uint8Array) => void | Promise<void>): Promise<void>;
}

/** The outcome of a put. A lost race is a value, not an error. */
export type PutResult = { written: true; info: ObjectInfo } | { written: false; reason: "exists" };

/** Instructions to open the same store in a worker: plain data without secrets. */
export interface BackendDescriptor {
  /** Specifier of the module that exports the function `name`. */
  module: string;
  name: string;
  /** Argument of the function. */
  options: unknown;
  /** Options that stay in this thread, such as credentials. Workers request their values. */
  functions?: Readonly<Record<string, () => unknown>>;
}

/** The way a disk store makes a create exclusive: a hard link, or an exclusive file lock. */
export type Locking = "link" | "file";

/** The way a disk store maps keys to paths. In `plain`, the path is the key. */
export type Layout = "folded" | "plain";

/**
 * An object store. Keys are non-empty strings of `/`-separated segments; no key is a `/`-prefix of
 * another. A backend stores keys of up to 900 bytes of `a-z 0-9 _ - = . /`. It stores any other key
 * exactly, or refuses it with `Invalid`.
 *
 * Faults throw `RegistryError`. A `put` whose reply was lost throws `Unavailable` with
 * `maybeWritten: true`: a backend never decides what happened. It sends a create exactly once and
 * repeats only the other methods.
 */
export interface Backend extends AsyncDisposable {
  /** The name of its driver. */
  readonly kind: string;
  /** A canonical URL without secrets, which identifies the store in messages and cache keys. */
  readonly location: string;
  /** Instructions to open the same store in a worker, if that is possible. */
  readonly reopen?: BackendDescriptor;
  /** Disk only. All users of one registry must use the same locking and layout. */
  readonly disk?: {
    readonly locking: Locking;
    readonly layout: Layout;
    readonly folders?: StoredFolders;
  };

  /** Returns the metadata of an object, or undefined if it does not exist. */
  head(key: string, options?: HeadOptions): Promise<ObjectInfo | undefined>;
  /** Returns an object, or undefined if it does not exist. */
  get(key: string, options?: GetOptions): Promise<StoredObject | undefined>;
  /** Writes an object, all of it or nothing. */
  put(key: string, body: Body, options?: PutOptions): Promise<PutResult>;
  /** Removes an object, if it exists. With `ifEtag`, throws `Conflict` for another tag. */
  delete(key: string, options?: CallOptions & { ifEtag?: string }): Promise<void>;
  /** Lists the objects whose key starts with `prefix`, in UTF-8 byte order of whole keys. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo | Prefix>;

  /** Returns the first object that `list(prefix)` would yield, or undefined if there is none. */
  getFirst?(prefix: string, options?: CallOptions): Promise<StoredObject | undefined>;
  /** Removes many objects. Returns those that it could not remove, with the reason. */
  deleteMany?(keys: readonly string[], options?: CallOptions): Promise<DeleteFailure[]>;
  /** Returns a URL that reads one object without credentials for `expiresInMs`. */
  presign?(key: string, options: PresignOptions): Promise<string>;
  /** Returns a request that creates one object of these bytes, without credentials. */
  presignPut?(key: string, options: PresignPutOptions): Promise<PresignedPut>;
  /** Copies an object inside the store. Throws `NotFound` if it does not exist. */
  copy?(from: string, to: string, options?: CopyObjectOptions): Promise<CopiedObject>;
  /** Removes unfinished uploads that began before `olderThan`, and yields them. */
  sweepUploads?(options: SweepOptions): AsyncIterable<SweptUpload>;
  /** Makes objects as durable as after a put; their writer may have died. Ignores missing keys. */
  sync?(keys: readonly string[], options?: CallOptions): Promise<void>;
  /** Reserves space for puts with `useReserve`; false if it cannot, which is not an error. */
  reserve?(options?: CallOptions): Promise<boolean>;
}

/** Options of {@linkcode Backend.copy}. */
export interface CopyObjectOptions extends CallOptions {
  /** Stores with `presignPut` throw `Conflict` for another tag. */
  ifEtag?: string;
  /**
   * The object, if it is in another store at the same endpoint, of `s3` or `gcs`; of `local`, a file
   * in the folder of this URL, which nobody changes any more.
   */
  other?: { location: string; size: number };
}

/** The result of {@linkcode Backend.copy}. */
export interface CopiedObject extends ObjectInfo {
  /** True if both objects share the same bytes on the disk. @default false */
  linked?: boolean;
}

/** One object that {@linkcode Backend.deleteMany} could not remove. */
export interface DeleteFailure {
  key: string;
  error: Error;
}

/** Options of {@linkcode Backend.presign}. */
export interface PresignOptions extends CallOptions {
  /** Milliseconds. */
  expiresInMs: number;
  /** The file name that a browser suggests for the download. */
  fileName?: string;
}

/** Options of {@linkcode Backend.presignPut}. The store refuses bytes that differ from them. */
export interface PresignPutOptions extends CallOptions {
  /** Milliseconds. */
  expiresInMs: number;
  /** Bytes. */
  size: number;
  /** In hexadecimal. Stores that cannot compare it ignore it. */
  sha256: string;
  /** CRC-32C in base64, for stores that compare this one. */
  crc32c?: string;
}

/** The request that {@linkcode Backend.presignPut} allows. Its URL is a secret. */
export interface PresignedPut {
  url: string;
  /** Headers to send with the `PUT`. */
  headers: Record<string, string>;
}

/** Options of {@linkcode Backend.sweepUploads}. */
export interface SweepOptions extends CallOptions {
  /** Only uploads that began before this store time, milliseconds since 1970. */
  olderThan: number;
  /** Lists without removing. @default false */
  dryRun?: boolean;
}

/** An unfinished upload that was removed. */
export interface SweptUpload {
  /** The id of the upload in this store. */
  key: string;
  /** Store time, milliseconds since 1970. */
  startedAt: number;
  /** Bytes freed, if the store reports them. */
  size?: number;
}

/** True for a folder-like entry of a listing with a delimiter. */
export function isPrefix(entry: ObjectInfo | Prefix): entry is Prefix {
  return "prefix" in entry;
}

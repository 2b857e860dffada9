// The contract of a storage backend: an object store with five verbs. It knows nothing of
// artifacts.
/** What may be stored: bytes, a blob, or a stream of bytes. */
export type Body = Uint8Array | Blob | ReadableStream<Uint8Array>;

/** Options that every call takes. */
export interface CallOptions {
  /** Ends the call; it then throws the signal's reason. */
  signal?: AbortSignal;
}

/** Options of {@linkcode Backend.get}. */
export interface GetOptions extends CallOptions {
  /** Only these bytes: `length` bytes from `offset` (clipped at the end of the object). */
  range?: ByteRange;
}

/** A span of bytes. */
export interface ByteRange {
  /** First byte, from 0. */
  offset: number;
  /** Number of bytes. @default up to the end */
  length?: number;
}

/** Options of {@linkcode Backend.put}. */
export interface PutOptions extends CallOptions {
  /** `create` writes only where no object is; it is atomic: of any number of creates of one key exactly one wins. @default "overwrite" */
  mode?: "overwrite" | "create";
  /** Number of bytes of the body where it is a stream and the number is known; a body of another length is refused. */
  size?: number;
  /** Media type, where the store keeps one. */
  contentType?: string;
  /** Small ASCII values beside the object, where the store keeps them. */
  metadata?: Record<string, string>;
  /** Room can be freed once this is written: where there is none, the store may use its {@linkcode Backend.reserve}. @default false */
  freesRoom?: boolean;
}

/** Options of {@linkcode Backend.list}. */
export interface ListOptions extends CallOptions {
  /** Only keys that come after this one. It need not exist. */
  after?: string;
  /** At most so many entries. */
  limit?: number;
  /** Of keys that are equal up to their last `/` the first is enough: a store may leave out the others. */
  heads?: boolean;
  /** Fold keys that share what follows the prefix up to this text into one {@linkcode Prefix}. */
  delimiter?: "/";
}

/** What a store says about one object. */
export interface ObjectInfo {
  /** The whole key. */
  key: string;
  /** Number of bytes. */
  size: number;
  /** When it was written by the store's own clock, milliseconds since 1970; on a disk the change time of the file. */
  modifiedAt: number;
  /** The store's tag of this content, where it has one. */
  etag?: string;
}

/** A group of keys, in a listing with a delimiter. */
export interface Prefix {
  /** The common beginning of the keys, ending with the delimiter. */
  prefix: string;
}

/** An object that was found. Read `body` or call `bytes()`, once and not both; cancel `body` when you don't want it. */
export interface StoredObject {
  /** Size and time of the whole object, also when a range was asked for. */
  info: ObjectInfo;
  /** The bytes, or the range of them. */
  readonly body: ReadableStream<Uint8Array>;
  /** Reads all of them into memory. */
  bytes(): Promise<Uint8Array>;
}

/** The outcome of a put: a lost race is a value that the type makes you read, not an error. */
export type PutResult =
  | { written: true; info: ObjectInfo }
  | { written: false; reason: "exists" };

/** How a worker opens the same store. Plain data without secrets. */
export interface BackendDescriptor {
  /** Specifier of the module that exports `name`. */
  module: string;
  /** The function to call. */
  name: string;
  /** Its argument. */
  options: unknown;
  /** Options that stay where they are, such as what knows the credentials: a worker asks for what they return. */
  functions?: Readonly<Record<string, () => unknown>>;
}

/** How a store on a disk makes a create exclusive: by a hard link, or under an exclusive file lock. */
export type Locking = "link" | "file";

/** How a store on a disk lays out its keys: `folded`, or `plain`, where the path of a key is the key. */
export type Layout = "folded" | "plain";

/**
 * An object store. Keys are non-empty strings of `/`-separated segments; no key is a `/`-prefix of another.
 *
 * A fault throws `RegistryError`. A `put` whose reply was lost throws `Unavailable` with `maybeWritten: true`:
 * a backend never decides ambiguity. A create is sent exactly once; a backend repeats only the other verbs.
 */
export interface Backend extends AsyncDisposable {
  /** The name of its driver. */
  readonly kind: string;
  /** A canonical URL without secrets, which identifies the store in messages and cache keys. */
  readonly location: string;
  /** How a worker opens the same store; absent where it cannot. */
  readonly reopen?: BackendDescriptor;
  /** Disk only: how creates are made exclusive. All writers of one registry must use the same way. */
  readonly locking?: Locking;
  /** Disk only: how keys are laid out. All users of one registry must use the same way. */
  readonly layout?: Layout;

  /** What the store says about a key, or undefined where there is none. */
  head(key: string, options?: CallOptions): Promise<ObjectInfo | undefined>;
  /** The object, or undefined where there is none. */
  get(key: string, options?: GetOptions): Promise<StoredObject | undefined>;
  /** Writes an object, whole or not at all. */
  put(key: string, body: Body, options?: PutOptions): Promise<PutResult>;
  /**
   * Removes an object; a missing one is a success. With `ifEtag`, an object that has another tag by now
   * stays, and the call throws `Conflict`. A store without this condition removes the object in any case.
   */
  delete(key: string, options?: CallOptions & { ifEtag?: string }): Promise<void>;
  /** The objects whose key begins with `prefix`, in UTF-8 byte order of whole keys. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo | Prefix>;

  /**
   * The first object whose key begins with `prefix`: what a list with limit 1 shows, and a get of that.
   * Undefined where there is none. Absent where that takes two requests.
   */
  getFirst?(prefix: string, options?: CallOptions): Promise<StoredObject | undefined>;
  /** Removes many objects; returns those that could not be removed, with the reason. */
  deleteMany?(keys: readonly string[], options?: CallOptions): Promise<DeleteFailure[]>;
  /** A URL that lets its bearer get or put one object without credentials for `expiresInMs`. */
  presign?(key: string, options: PresignOptions): Promise<string>;
  /** Copies an object inside the store. `NotFound` where there is none. */
  copy?(from: string, to: string, options?: CallOptions): Promise<CopiedObject>;
  /** Removes unfinished uploads that began before `olderThan` (store time, milliseconds); yields what it removed. */
  sweepUploads?(options: SweepOptions): AsyncIterable<SweptUpload>;
  /**
   * Makes what was read at these keys survive what a put that returned survives: its writer may have ended before it
   * had done that. A missing key is a success. Absent where whatever can be read is as safe as it gets.
   */
  sync?(keys: readonly string[], options?: CallOptions): Promise<void>;
  /**
   * Sets a little room aside, where that was not done or has been used, for puts with `freesRoom` when there is no
   * other. False where that cannot be: what is not set aside is no fault. Absent where stores are not expected to be
   * full.
   */
  reserve?(options?: CallOptions): Promise<boolean>;
}

/** What a store says of an object that it has copied. */
export interface CopiedObject extends ObjectInfo {
  /** True where both have the same bytes on the disk: the copy takes no room. @default false */
  linked?: boolean;
}

/** One object that {@linkcode Backend.deleteMany} could not remove. */
export interface DeleteFailure {
  /** The object. */
  key: string;
  /** Why it is still there. */
  error: Error;
}

/** Options of {@linkcode Backend.presign}. */
export interface PresignOptions extends CallOptions {
  /** What the bearer may do. */
  method: "GET" | "PUT";
  /** How long the URL works, milliseconds. */
  expiresInMs: number;
  /** GET: the file name that a browser saves it under. */
  fileName?: string;
  /** PUT: the media type that must be sent. */
  contentType?: string;
}

/** Options of {@linkcode Backend.sweepUploads}. */
export interface SweepOptions extends CallOptions {
  /** Store time, milliseconds since 1970: only uploads that began before it. */
  olderThan: number;
  /** Only say what would be removed. @default false */
  dryRun?: boolean;
}

/** An unfinished upload that was removed. */
export interface SweptUpload {
  /** What identifies it in this store. */
  key: string;
  /** When it began, store time. */
  startedAt: number;
  /** Bytes freed, where the store says. */
  size?: number;
}

/** True for a folder-like entry of a listing with a delimiter. */
export function isPrefix(entry: ObjectInfo | Prefix): entry is Prefix {
  return "prefix" in entry;
}

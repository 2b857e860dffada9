// Uploads that clients of the Hub have sent: they name only the SHA-256 in a commit.

/** Uploads of each token. No token evicts those of another. */
const MOST_OBJECTS = 10_000;

export interface SentObject {
  /** The token that sends it. */
  token: string | undefined;
  /** Its SHA-256, as the client named it. */
  oid: string;
  upload: string;
}

export class SentObjects {
  static readonly id = "hub.objects";
  /** The oid of each upload, by token; oldest first. */
  readonly #oids = new Map<string, Map<string, string>>();
  /** The uploads of each oid, by token. */
  readonly #uploads = new Map<string, Map<string, Set<string>>>();

  // deno-lint-ignore require-await -- a process may ask another one
  async add({ token = "", oid, upload }: SentObject): Promise<void> {
    const oids = valueOf(this.#oids, token, () => new Map());
    const uploads = valueOf(this.#uploads, token, () => new Map());
    oids.set(upload, oid);
    valueOf(uploads, oid, () => new Set()).add(upload);
    const [oldest] = oids;
    if (oids.size > MOST_OBJECTS && oldest !== undefined) this.#forget(token, oldest[0]);
  }

  /** Returns the uploads of an object, oldest first. Some may have expired, or be incomplete. */
  // deno-lint-ignore require-await -- a process may ask another one
  async uploadsOf({ token = "", oid }: Omit<SentObject, "upload">): Promise<string[]> {
    return [...this.#uploads.get(token)?.get(oid) ?? []];
  }

  /** Takes an upload for one commit. Returns false if another commit took it. */
  // deno-lint-ignore require-await -- a process may ask another one
  async take({ token = "", upload }: Omit<SentObject, "oid">): Promise<boolean> {
    return this.#forget(token, upload);
  }

  #forget(token: string, upload: string): boolean {
    const oids = this.#oids.get(token), uploads = this.#uploads.get(token);
    const oid = oids?.get(upload);
    if (oids === undefined || uploads === undefined || oid === undefined) return false;
    const same = uploads.get(oid);
    oids.delete(upload);
    same?.delete(upload);
    if (same?.size === 0) uploads.delete(oid);
    if (oids.size === 0) {
      this.#oids.delete(token);
      this.#uploads.delete(token);
    }
    return true;
  }
}

/** Returns the value of a key, and adds it if it is missing. */
function valueOf<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const added = create();
  map.set(key, added);
  return added;
}

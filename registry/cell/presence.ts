// Notices that a registry is gone: its disk is not mounted, its folder has moved, its bucket was
// emptied, or another registry is in its place.
import type { Backend } from "../../core/backend.ts";
import { unavailable } from "../../core/errors.ts";
import { wrapBackend } from "../../core/work/wrap_backend.ts";
import { recordKey, SETTINGS } from "../format/layout.ts";
import { readRecord } from "./heads.ts";
import type { Store } from "./store.ts";

/** How long the last check of a store that costs requests is valid, milliseconds. */
const TRUSTED_MS = 5000;
/** No create follows a longer check: the deadline of its operation may have passed meanwhile. */
const MOST_CHECK_MS = 60_000;
/** The first generation of the settings, whose commit is the id of the registry. */
const WITNESS = recordKey(SETTINGS, 1);

type OpenStore = Pick<Store, "backend" | "system" | "id">;

class Presence {
  readonly #store: OpenStore;
  #askedAt: number;
  #asked: Promise<void> = Promise.resolve();

  constructor(store: OpenStore) {
    this.#store = { ...store };
    this.#askedAt = store.system.monotonic();
  }

  /** Throws `Unavailable` if the registry is not in its store. */
  async check(): Promise<void> {
    const { backend, system } = this.#store;
    if (backend.disk !== undefined) return await this.#ask(); // a disk
    if (system.monotonic() - this.#askedAt >= TRUSTED_MS) {
      this.#askedAt = system.monotonic();
      this.#asked = this.#ask();
      this.#asked.catch(() => this.#askedAt = -Infinity);
    }
    await this.#asked;
  }

  /** Compares the id: times of files can be equal, and change when a disk is mounted again. */
  async #ask(): Promise<void> {
    const { backend, id } = this.#store;
    const witness = await readRecord({ backend }, WITNESS);
    if (witness?.record.commit === id) return;
    const state = witness ? "another registry is in its place" : "the registry is gone";
    throw unavailable("use", `"${WITNESS}"`, state, {
      place: `in ${backend.location}`,
      hint: "Mount its disk again, or move or restore its files to this location.",
      key: WITNESS,
      backend: backend.location,
      retry: "never",
    });
  }
}

/**
 * Returns the backend of an open registry. It writes, and returns that something does not exist,
 * only while the settings of this registry are there; otherwise it throws `Unavailable`. It checks
 * a disk each time, and other stores at most every five seconds.
 */
export function guardBackend(store: OpenStore): Backend {
  const { backend } = store;
  const { getFirst, copy, reserve } = backend;
  const presence = new Presence(store);

  async function guarded<T>(write: () => Promise<T>): Promise<T> {
    await presence.check();
    return await write();
  }
  async function checkForCreate(): Promise<void> {
    const { system } = store;
    const from = { monotonic: system.monotonic(), wall: system.now() };
    await presence.check();
    const ms = Math.max(system.monotonic() - from.monotonic, system.now() - from.wall);
    if (ms <= MOST_CHECK_MS) return;
    const state = `looking for its registry took ${Math.round(ms)} ms, and nothing was sent`;
    throw unavailable("write to", backend.location, state, { hint: "Try again." });
  }
  async function believed<T>(key: string, read: Promise<T>): Promise<T> {
    const result = await read;
    if (result === undefined && !key.startsWith(SETTINGS)) await presence.check();
    return result;
  }

  return wrapBackend(backend, {
    head: (key, options) => believed(key, backend.head(key, options)),
    get: (key, options) => believed(key, backend.get(key, options)),
    async put(key, body, options) {
      const check = options?.mode === "create" ? checkForCreate() : presence.check();
      await check.catch(async (error) => {
        if (body instanceof ReadableStream) await body.cancel(error).catch(() => {});
        throw error;
      });
      return await backend.put(key, body, options);
    },
    async *list(prefix, options) {
      let last;
      for await (last of backend.list(prefix, options)) yield last;
      await believed(prefix, Promise.resolve(last));
    },
    getFirst: getFirst &&
      ((prefix, options) => believed(prefix, getFirst.call(backend, prefix, options))),
    copy: copy && ((...args) => guarded(() => copy.apply(backend, args))),
    reserve: reserve && ((options) => guarded(() => reserve.call(backend, options))),
  });
}

import { assert } from "@std/assert";
import { createMemoryBackend, type Registry, RegistryError } from "../../../mod.ts";
import { registryCases, testRegistry } from "../../conformance/registry.ts";
import { withoutStore } from "../contract/without_store.ts";
import { openOn } from "./open_on.ts";

const calm = (error: unknown) => error as never;

/** Registries with one mistake each, and a word of the sentence of a case that must notice it. */
const MISTAKES: Record<string, { noticedBy: RegExp; make(inner: Registry): Partial<Registry> }> = {
  "has() is true of a name whatever the version": {
    noticedBy: /NotFound/,
    make: (inner) => ({ has: (ref) => inner.has(ref.split("@")[0]) }),
  },
  "load() does not look at the version beside the name": {
    noticedBy: /by its number, a range/,
    make: (inner) => ({
      load:
        ((ref: string, { version: _, ...rest } = {} as { version?: string }) =>
          inner.load(ref, rest)) as Registry[
            "load"
          ],
    }),
  },
  "load() passes over the schema": {
    noticedBy: /schema/,
    make: (inner) => ({
      load:
        ((ref: string, options: object = {}) =>
          inner.load(ref, { ...options, schema: undefined })) as Registry["load"],
    }),
  },
  "load() throws what the caller's code throws": {
    noticedBy: /TaskFailed/,
    make: (inner) => ({
      load:
        ((ref: string, options: object) =>
          inner.load(ref, options).catch((error) =>
            Promise.reject(error.cause ?? error)
          )) as Registry["load"],
    }),
  },
  "a range of a file is a byte too long": {
    noticedBy: /in ranges/,
    make: (inner) => ({
      async open(ref, options) {
        const artifact = await inner.open(ref, options);
        const file = (path: string) => {
          const one = artifact.file(path);
          return {
            ...one,
            bytes: () => one.bytes(),
            stream: (range?: { offset: number; length?: number }) =>
              one.stream(
                range?.length === undefined ? range : { ...range, length: range.length + 1 },
              ),
          };
        };
        return { info: artifact.info, files: () => artifact.files(), file };
      },
    }),
  },
  "names() passes over the limit": {
    noticedBy: /prefix, a name to start after and a limit/,
    make: (inner) => ({ names: ({ limit: _, ...options } = {}) => inner.names(options) }),
  },
  "names() begins with the name that it shall come after": {
    noticedBy: /prefix, a name to start after and a limit/,
    make: (inner) => ({
      async *names({ after, ...options } = {}) {
        if (after !== undefined) yield after;
        yield* inner.names({ after, ...options });
      },
    }),
  },
  "versions() lists the oldest first": {
    noticedBy: /newest first/,
    make: (inner) => ({
      async *versions(name, options) {
        yield* (await Array.fromAsync(inner.versions(name, options))).reverse();
      },
    }),
  },
  "versions() leaves out what is damaged": {
    noticedBy: /lists unreadable versions/,
    make: (inner) => ({
      async *versions(name, options) {
        for await (const entry of inner.versions(name, options)) {
          if (entry.error === undefined) yield entry;
        }
      },
    }),
  },
  "dates are texts": {
    noticedBy: /return a saved value and its facts/,
    make: (inner) => ({
      info: (ref, options) =>
        inner.info(ref, options).then((info) => ({
          ...info,
          createdAt: calm(info.createdAt.toISOString()),
        })),
    }),
  },
  "metadata is lost": {
    noticedBy: /metadata/,
    make: (inner) => ({
      save:
        ((name: string, value: unknown, { metadata: _, ...rest }: { metadata?: unknown } = {}) =>
          inner.save(name, value, rest)) as Registry["save"],
    }),
  },
  "an idempotency key is lost": {
    noticedBy: /idempotency key/,
    make: (inner) => ({
      save: ((
        name: string,
        value: unknown,
        { idempotencyKey: _, ...rest }: { idempotencyKey?: string } = {},
      ) => inner.save(name, value, rest)) as Registry["save"],
    }),
  },
  "an existing version is skipped without being asked to": {
    noticedBy: /AlreadyExists/,
    make: (inner) => ({
      save:
        ((name: string, value: unknown, options: object) =>
          inner.save(name, value, { onConflict: "skip", ...options })) as Registry["save"],
    }),
  },
  "a signal is not heard": {
    noticedBy: /signal is aborted/,
    make: (inner) => ({ info: (ref, { signal: _, ...options } = {}) => inner.info(ref, options) }),
  },
  "expected is passed over": {
    noticedBy: /only from the expected version/,
    make: (inner) => ({ setAlias: (name, alias, version) => inner.setAlias(name, alias, version) }),
  },
  "history() is oldest first": {
    noticedBy: /removals of an alias, newest first/,
    make: (inner) => ({
      async *history(name, alias, options) {
        yield* (await Array.fromAsync(inner.history(name, alias, options))).reverse();
      },
    }),
  },
  "delete() is forced": {
    noticedBy: /unless forced/,
    make: (inner) => ({ delete: (ref, options) => inner.delete(ref, { ...options, force: true }) }),
  },
  "copy() forgets where a value comes from": {
    noticedBy: /copy\(\) saves files, metadata and inputs/,
    make: (inner) => ({
      copy: async (ref, to, options) =>
        await inner.save(to.split("@")[0], await inner.load(ref), options),
    }),
  },
  "watch() says everything twice": {
    noticedBy: /watch\(\) yields/,
    make: (inner) => ({
      async *watch(name, options) {
        for await (const event of inner.watch(name, options)) yield* [event, event];
      },
    }),
  },
  "an error has no hint": {
    noticedBy: /NotFound/,
    make: (inner) => ({
      info: (ref, options) =>
        inner.info(ref, options).catch(({ code, message }) =>
          Promise.reject(new RegistryError({ code, message }))
        ),
    }),
  },
  "a download replaces what is there": {
    noticedBy: /replaces nothing/,
    make: (inner) => ({
      download: (ref, options) => inner.download(ref, { ...options, overwrite: true }),
    }),
  },
};

for (const [mistake, { noticedBy, make }] of Object.entries(MISTAKES)) {
  Deno.test(`the suite notices that ${mistake}`, async () => {
    const cases = registryCases.filter(({ name }) => noticedBy.test(name));
    const tests: (() => Promise<void>)[] = [];
    testRegistry(
      (name, run) => cases.some((one) => name.endsWith(one.name)) && tests.push(run),
      async (settings) => {
        const backend = createMemoryBackend();
        const { registry, damage, reopen } = await openOn(() => backend, settings);
        const wrong = (inner: Registry) => ({ ...withoutStore(inner), ...make(inner) });
        return {
          registry: wrong(registry),
          damage,
          reopen: async (options) => wrong(await reopen(options)),
        };
      },
    );
    assert(tests.length > 0);
    const outcomes = await Promise.allSettled(tests.map((run) => run()));
    assert(outcomes.some(({ status }) => status === "rejected"), "every case passes");
  });
}

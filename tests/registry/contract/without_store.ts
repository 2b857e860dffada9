// A registry like the client of a service: it fulfills the contract without a store.
import type { Registry } from "../../../core/registry.ts";

/** The same registry without a store and optional members, which are listed by hand. */
export function withoutStore(inner: Registry): Registry {
  return {
    location: `behind ${inner.location}`,
    id: inner.id,
    settings: inner.settings,
    materializers: inner.materializers,
    save: inner.save,
    load: inner.load,
    get: inner.get,
    open: inner.open,
    download: inner.download,
    info: inner.info,
    has: inner.has,
    delete: inner.delete,
    undelete: inner.undelete,
    names: inner.names,
    versions: inner.versions,
    setAlias: inner.setAlias,
    deleteAlias: inner.deleteAlias,
    rollbackAlias: inner.rollbackAlias,
    aliases: inner.aliases,
    history: inner.history,
    copy: inner.copy,
    openDraft: inner.openDraft,
    watch: inner.watch,
    [Symbol.asyncIterator]: () => inner[Symbol.asyncIterator](),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

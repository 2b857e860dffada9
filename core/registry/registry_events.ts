// What a registry says on a bus of events, after the commit.
/** What every event of a registry says. */
export type RegistryEvent = {
  registry: string;
  name: string;
};

/** A version was saved: by `save`, `copy`, a batch, a draft, an upload or a mirror. */
export type SavedEvent = RegistryEvent & {
  version: string;
  commit: string;
  digest: string;
  /** Its bytes. */
  size: number;
};

/** A version was deleted; of a name that is deleted, one event for each of its versions. */
export type DeletedEvent = RegistryEvent & {
  version: string;
  commit: string;
};

/** An alias names another version, or none. */
export type AliasedEvent = RegistryEvent & {
  alias: string;
  /** What it names; null where it was removed. */
  version: string | null;
  commit: string;
};

/** The topics of a registry: `EventBus<RegistryTopics>`. */
export interface RegistryTopics {
  "registry.saved": SavedEvent;
  "registry.deleted": DeletedEvent;
  "registry.aliased": AliasedEvent;
}

// What a registry says on a bus of events, after the commit.
/** What every event of a registry says. */
export type RegistryEvent = {
  /** The registry's id. */
  registry: string;
  /** The artifact. */
  name: string;
};

/** A version was saved: by `save`, `copy`, a batch, a draft, an upload or a mirror. */
export type SavedEvent = RegistryEvent & {
  /** The version, in full. */
  version: string;
  /** Its commit. */
  commit: string;
  /** Its digest. */
  digest: string;
  /** Its bytes. */
  size: number;
};

/** A version was deleted; of a name that is deleted, one event for each of its versions. */
export type DeletedEvent = RegistryEvent & {
  /** The version. */
  version: string;
  /** The commit of the deletion. */
  commit: string;
};

/** An alias names another version, or none. */
export type AliasedEvent = RegistryEvent & {
  /** The alias. */
  alias: string;
  /** What it names; null where it was removed. */
  version: string | null;
  /** The commit of the change. */
  commit: string;
};

/** The topics of a registry: `EventBus<RegistryTopics>`. */
export interface RegistryTopics {
  /** After a version was saved. */
  "registry.saved": SavedEvent;
  /** After a version was deleted. */
  "registry.deleted": DeletedEvent;
  /** After an alias was set or removed. */
  "registry.aliased": AliasedEvent;
}

// Events of a registry, published after each commit.
/** Fields of all events. */
export type RegistryEvent = { registry: string; name: string };

/** A version was saved, in any way. */
export type SavedEvent = RegistryEvent & {
  version: string;
  commit: string;
  digest: string;
  /** Bytes. */
  size: number;
};

/** A version was deleted. Deleting a name publishes one event per version. */
export type DeletedEvent = RegistryEvent & { version: string; commit: string };

/** An alias was set or deleted. */
export type AliasedEvent = RegistryEvent & {
  alias: string;
  /** Null if the alias was deleted. */
  version: string | null;
  commit: string;
};

/** The topics of a registry: `EventBus<RegistryTopics>`. */
export interface RegistryTopics {
  "registry.saved": SavedEvent;
  "registry.deleted": DeletedEvent;
  "registry.aliased": AliasedEvent;
}

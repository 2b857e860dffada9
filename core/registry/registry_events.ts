// Events of a registry, published after each commit.
/** Fields of all events. */
export type RegistryEvent = { registry: string; name: string };

/** The topics of a registry: `EventBus<RegistryTopics>`. */
export interface RegistryTopics {
  "registry.saved": RegistryEvent & {
    version: string;
    commit: string;
    digest: string;
    /** Bytes. */
    size: number;
  };
  /** Deleting a name publishes one event per version. */
  "registry.deleted": RegistryEvent & { version: string; commit: string };
  "registry.aliased": RegistryEvent & {
    alias: string;
    /** Null if the alias was deleted. */
    version: string | null;
    commit: string;
  };
}

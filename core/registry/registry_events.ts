// Events of a registry, published after each commit, and the part of a bus that publishes them.
import type { PlainValue } from "../text/plain_value.ts";
import type { SignalOptions } from "./operations/saving.ts";

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

/** Topics of any name with any plain data. */
export type AnyTopics = Record<string, PlainValue>;

/** The topics of a map of events. */
export type TopicOf<T> = Extract<keyof T, string>;

/** The publishing part of a bus. */
export interface EventPublisher<T = AnyTopics> {
  publish<K extends TopicOf<T>>(topic: K, payload: T[K], options?: SignalOptions): Promise<unknown>;
}

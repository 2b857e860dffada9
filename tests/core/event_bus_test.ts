import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type BusEvent,
  checkPattern,
  checkTopic,
  encodePayload,
  type EventBus,
  type EventOf,
  type EventPublisher,
  topicMatcher,
  type TopicsFitting,
} from "../../core/event_bus.ts";
import type { RegistryTopics, SavedEvent } from "../../core/registry/registry_events.ts";
import { RegistryError } from "../../core/errors.ts";

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends (<X>() => X extends B ? 1 : 2) ? true
  : false;

Deno.test("* stands for one segment of a topic, ** for what is left of it, of which there is some", () => {
  const fits = (pattern: string, topic: string) => topicMatcher(pattern)(topic);
  assert(fits("registry.saved", "registry.saved"));
  assert(fits("registry.*", "registry.saved"));
  assert(fits("*.saved", "registry.saved"));
  assert(fits("registry.**", "registry.saved.again"));
  assert(fits("**", "a") && fits("**", "a.b.c"));
  assert(fits("*.*", "a.b"));
  assert(!fits("registry.*", "registry.saved.again"));
  assert(!fits("registry.*", "registry"));
  assert(!fits("registry.**", "registry"));
  assert(!fits("*", "a.b"));
  assert(!fits("registry.saved", "registryXsaved"));
});

Deno.test("what is no topic, and what is no pattern, is refused", () => {
  for (const topic of ["", ".", "a.", ".a", "a..b", "a b", "a.*", "**", "ä", "a".repeat(201)]) {
    assertThrows(() => checkTopic(topic), RegistryError, "is no topic");
  }
  for (const pattern of ["", "a.", "a*", "**.a", "a.**.b", "***", "a?", 7 as unknown as string]) {
    assertThrows(() => checkPattern(pattern), RegistryError, "is no pattern");
  }
});

Deno.test("a payload is plain data of at most 256 KiB", () => {
  assertEquals(encodePayload("a", { b: [1, null] }), '{"b":[1,null]}');
  assertThrows(
    () => encodePayload("a", { when: new Date(0) }),
    RegistryError,
    "its .when is a value of class Date",
  );
  assertThrows(
    () => encodePayload("a", "ü".repeat(140_000)),
    RegistryError,
    "280002 bytes, 262144 are allowed",
  );
  encodePayload("a", "x".repeat(200_000));
});

Deno.test("patterns choose topics as types too", () => {
  const all: Same<TopicsFitting<RegistryTopics, "registry.*">, keyof RegistryTopics> = true;
  const one: Same<TopicsFitting<RegistryTopics, "*.saved">, "registry.saved"> = true;
  const none: Same<TopicsFitting<RegistryTopics, "*">, never> = true;
  const rest: Same<TopicsFitting<RegistryTopics, "registry.**">, keyof RegistryTopics> = true;
  const event: Same<
    EventOf<RegistryTopics, "registry.saved">,
    BusEvent<"registry.saved", SavedEvent>
  > = true;
  const publisher: (bus: EventBus<RegistryTopics> | EventBus) => EventPublisher<RegistryTopics> = (
    bus,
  ) => bus;
  assert(all && one && none && rest && event && publisher !== undefined);
});

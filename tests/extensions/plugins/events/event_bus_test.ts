import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type BusEvent,
  checkPattern,
  checkTopic,
  encodePayload,
  type EventBus,
  type EventOf,
  topicMatcher,
  type TopicsFitting,
} from "../../../../extensions/plugins/events/event_bus.ts";
import type { EventPublisher, RegistryTopics } from "../../../../core/registry/registry_events.ts";
import { thrown } from "../../../core/thrown.ts";

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends (<X>() => X extends B ? 1 : 2) ? true
  : false;

Deno.test("* matches one segment of a topic, ** one or more at its end", () => {
  const fits = (pattern: string, topic: string) => topicMatcher(pattern)(topic);
  const matching = [["a.b", "a.b"], ["a.*", "a.b"], ["*.b", "a.b"], ["a.**", "a.b.c"]];
  for (const [pattern, topic] of [...matching, ["**", "a"], ["**", "a.b.c"], ["*.*", "a.b"]]) {
    assert(fits(pattern, topic), `${pattern} ${topic}`);
  }
  const others = [["a.*", "a.b.c"], ["a.*", "a"], ["a.**", "a"], ["*", "a.b"], ["a.b", "aXb"]];
  for (const [pattern, topic] of others) assert(!fits(pattern, topic), `${pattern} ${topic}`);
});

Deno.test("invalid topics and patterns are refused", () => {
  for (const topic of ["", ".", "a.", ".a", "a..b", "a b", "a.*", "**", "ä", "a".repeat(201)]) {
    thrown("Invalid", () => checkTopic(topic));
  }
  for (const pattern of ["", "a.", "a*", "**.a", "a.**.b", "***", "a?", 7 as unknown as string]) {
    thrown("Invalid", () => checkPattern(pattern));
  }
});

Deno.test("a payload is plain data of at most 256 KiB", () => {
  assertEquals(encodePayload("a", { b: [1, null] }), '{"b":[1,null]}');
  const { message } = thrown("Invalid", () => encodePayload("a", { when: new Date(0) }));
  assertStringIncludes(message, "its .when is a value of class Date");
  const large = thrown("Invalid", () => encodePayload("a", "ü".repeat(140_000)));
  assertStringIncludes(large.message, "280002 bytes");
  encodePayload("a", "x".repeat(200_000));
});

Deno.test("patterns choose topics as types too", () => {
  const all: Same<TopicsFitting<RegistryTopics, "registry.*">, keyof RegistryTopics> = true;
  const one: Same<TopicsFitting<RegistryTopics, "*.saved">, "registry.saved"> = true;
  const none: Same<TopicsFitting<RegistryTopics, "*">, never> = true;
  const rest: Same<TopicsFitting<RegistryTopics, "registry.**">, keyof RegistryTopics> = true;
  const event: Same<
    EventOf<RegistryTopics, "registry.saved">,
    BusEvent<"registry.saved", RegistryTopics["registry.saved"]>
  > = true;
  type Publish = (bus: EventBus<RegistryTopics> | EventBus) => EventPublisher<RegistryTopics>;
  const publisher: Publish = (bus) => bus;
  assert(all && one && none && rest && event && publisher !== undefined);
});

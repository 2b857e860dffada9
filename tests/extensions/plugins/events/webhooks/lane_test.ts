// Places for the deliveries to one target.
import { assertEquals } from "@std/assert";
import { Lane, type Place } from "../../../../../extensions/plugins/events/webhooks/lane.ts";

function opened(places: number) {
  let now = 0;
  const lane = new Lane(places, { monotonic: () => now });
  return { lane, advance: (ms: number) => void (now += ms) };
}

const placed = (lane: Lane) => lane.take() as Place;

Deno.test("deliveries without a place come again when places are expected to be free", () => {
  const { lane, advance } = opened(2);
  const running = [placed(lane), placed(lane)];
  advance(1000);
  const waits = Array.from({ length: 4 }, () => lane.take());
  assertEquals(waits, [500, 1000, 1500, 2000].map((afterMs) => ({ afterMs })));
  advance(3000);
  for (const place of running) place.leave(false); // they took 4 s
  advance(1000);
  const [first] = [placed(lane), placed(lane)];
  assertEquals(lane.take(), { afterMs: 2000 }, "as long as the last ones took");
  first!.leave(false);
  assertEquals(typeof placed(lane).leave, "function");
});

Deno.test("a wait has a limit", () => {
  const { lane, advance } = opened(1);
  placed(lane);
  advance(600_000);
  assertEquals(lane.take(), { afterMs: 60_000 });
});

Deno.test("a target that is silent three times in a row is paused, then probed by one", () => {
  const { lane, advance } = opened(4);
  for (const isSilent of [true, true, false, true, true]) placed(lane).leave(isSilent);
  const late = placed(lane);
  placed(lane).leave(true);
  assertEquals(lane.take(), "paused");
  late.leave(true);
  advance(59_999);
  assertEquals(lane.take(), "paused");
  advance(1);
  const probe = placed(lane);
  assertEquals(lane.take(), "paused", "the probe runs alone");
  probe.leave(true);
  advance(60_000);
  const next = placed(lane);
  next.leave(false);
  assertEquals([placed(lane), placed(lane)].length, 2, "it answers again");
});

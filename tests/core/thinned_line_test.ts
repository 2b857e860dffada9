import { assert, assertEquals } from "@std/assert";
import { thinnedPlaces } from "../../core/thinned_line.ts";
import { seededRandom } from "../support/scripted_system.ts";

Deno.test("a thinned line has both ends, the lowest and highest values, and gaps of each group", () => {
  const values = Array.from({ length: 1000 }, (_, i) => i % 7);
  values[300] = 100;
  values[301] = -100;
  values[302] = NaN;
  const places = thinnedPlaces(values, 50);
  assertEquals([places[0], places.at(-1)], [0, 999]);
  for (const place of [300, 301, 302]) assert(places.includes(place), `${place}`);
  assertEquals(thinnedPlaces(values, 2), [0, 999]);
  assertEquals(thinnedPlaces([1, 2], 2), [0, 1]);
  assertEquals(thinnedPlaces([], 2), []);
});

Deno.test("a thinned line never has more places than asked for, in their order", () => {
  const random = seededRandom(1);
  for (let times = 0; times < 500; times++) {
    const most = 2 + Math.floor(random() * 30), length = Math.floor(random() * 200);
    const values = Array.from({ length }, () => random() < 0.3 ? NaN : random());
    const places = thinnedPlaces(values, most);
    assert(places.length <= most, `${places.length} of ${most}`);
    assertEquals(places, [...new Set(places)].sort((one, other) => one - other));
    if (length <= most) assertEquals(places.length, length);
    else assertEquals([places[0], places.at(-1)], [0, length - 1]);
  }
});

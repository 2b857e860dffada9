// Lines of many points, thinned so that charts of them look the same.

/**
 * Returns the places of at most so many values, in their order: both ends, and of each group of values
 * between them the lowest, the highest, and the first that is NaN or infinite. All places if they are
 * no more.
 */
export function thinnedPlaces(values: readonly number[], most: number): number[] {
  if (values.length <= most) return [...values.keys()];
  const places = placesOf(values, Math.floor((most - 2) / 2));
  return places.length <= most ? places : placesOf(values, Math.floor((most - 2) / 3));
}

function placesOf(values: readonly number[], groups: number): number[] {
  const last = values.length - 1, size = Math.ceil((last - 1) / groups), places = [0];
  if (groups === 0) return [0, last];
  for (let from = 1; from < last; from += size) {
    places.push(...extremesOf(values, from, Math.min(from + size, last)));
  }
  return [...places, last];
}

function extremesOf(values: readonly number[], from: number, to: number): number[] {
  let [min, max, lowest, highest, gap] = [Infinity, -Infinity, -1, -1, -1];
  for (let i = from; i < to; i++) {
    const { [i]: value = NaN } = values;
    if (!Number.isFinite(value)) {
      if (gap < 0) gap = i;
    } else {
      if (value < min) [min, lowest] = [value, i];
      if (value > max) [max, highest] = [value, i];
    }
  }
  const found = new Set([lowest, highest, gap].filter((place) => place >= 0));
  return [...found].sort((a, b) => a - b);
}

/**
 * How deep JSON is nested: what is nested too deep cannot be written again, compared or cloned without a stack overflow.
 *
 * @module
 */

/** More than anything that is written here has: metadata may be 100 deep. */
const MAX_DEPTH = 128;

/** Whether parsed JSON is nested deeper than anything that is stored on purpose. Takes no stack itself. */
export function isTooDeep(value: unknown): boolean {
  let level: object[] = isNested(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    const below: object[] = [];
    for (const parent of level) for (const child of Object.values(parent)) if (isNested(child)) below.push(child);
    level = below;
  }
  return false;
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

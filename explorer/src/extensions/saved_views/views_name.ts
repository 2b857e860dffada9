// The name under which the views of a name are saved.

/**
 * Follows a name in the name of its views. Scopes that end with `*` and include the name include
 * this, too, and no usual pattern includes only this.
 */
export const SUFFIX = "~views";

/** Returns the name whose versions are the views of a name. */
export function viewsName(name: string): string {
  return `${name}${SUFFIX}`;
}

/** Returns true for the views of one of these names. */
export function isViewsName(name: string, names: ReadonlySet<string>): boolean {
  return name.endsWith(SUFFIX) && names.has(name.slice(0, -SUFFIX.length));
}

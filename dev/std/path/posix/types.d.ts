// Types of ./glob_to_regexp.ts, as @std/path declares them; the npm copy has none.

export function globToRegExp(glob: string): RegExp;

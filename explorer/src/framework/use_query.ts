// Values in the query of the address, so that a view has a URL.
import { hrefOf, openPlace, type Place, usePlace } from "./router.ts";

/** A string in the query. */
export function useQuery(key: string, usual = ""): [string, (value: string) => void] {
  const [query, change] = useQueries();
  return [query[key] ?? usual, (value) => change({ [key]: value === usual ? undefined : value })];
}

/** All strings in the query, and a function that changes several at once. */
export function useQueries(): [
  Place["query"],
  (changes: Readonly<Record<string, string | undefined>>) => void,
] {
  const { path, query } = usePlace();
  const change = (changes: Readonly<Record<string, string | undefined>>) =>
    openPlace(hrefOf(path, { ...query, ...changes }), { replace: true });
  return [query, change];
}

/** A whole number in the query, from 0. */
export function useQueryNumber(key: string, usual = 0): [number, (value: number) => void] {
  const [text, set] = useQuery(key, String(usual));
  const value = Number(text);
  return [Number.isSafeInteger(value) && value >= 0 ? value : usual, (next) => set(String(next))];
}

// Values in the query of the address, so that a view has a URL.
import { hrefOf, openPlace, usePlace } from "./router.ts";

/** A string in the query. */
export function useQuery(key: string, usual = ""): [string, (value: string) => void] {
  const { path, query } = usePlace();
  const set = (value: string) => {
    const changed = { ...query, [key]: value === usual ? undefined : value };
    openPlace(hrefOf(path, changed), { replace: true });
  };
  return [query[key] ?? usual, set];
}

/** A whole number in the query, from 0. */
export function useQueryNumber(key: string, usual = 0): [number, (value: number) => void] {
  const [text, set] = useQuery(key, String(usual));
  const value = Number(text);
  return [Number.isSafeInteger(value) && value >= 0 ? value : usual, (next) => set(String(next))];
}

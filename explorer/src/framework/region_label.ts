// Labels of regions, which differ where several parts of a page are alike.
import { createContext, useContext } from "./preact.ts";

/** The part of a page that regions are in, such as a version beside others. */
export const PartOfPage = createContext("");

/** Returns the label of a region: `Rows of net@1.0.0`. */
export function useRegionLabel(label: string): string {
  const part = useContext(PartOfPage);
  return part === "" ? label : `${label} of ${part}`;
}

// The views in the navigation, and who sees them.
import { type Place, splitValues } from "../framework/router.ts";

export interface ViewProps {
  readonly place: Place;
}

export interface ViewEntry {
  readonly title: string;
  /** The first segment of its address. */
  readonly at: string;
  /** Other first segments that belong to it. */
  readonly also?: readonly string[];
  readonly needs?: "reads" | "runs" | "jobs" | "admin" | "writes";
}

/** Returns the title of a tab. It begins with what differs from other tabs. */
export function titleOf({ path: [first = "", ...rest], query }: Place): string {
  const { tab = "versions", path, ref = "", refs = "", q = "" } = query;
  const view = VIEWS.find(({ at, also }) => at === first || also?.includes(first))?.title;
  const shown = first === "artifacts"
    ? [rest.join("@"), path ?? (rest.length > 1 ? "Version" : tab[0]?.toUpperCase() + tab.slice(1))]
    : [rest.join(" / ") || splitValues(refs).join(", ") || ref || q, view];
  return [...shown, "Holdfast"].filter((part) => part).join(" · ");
}

export const VIEWS: readonly ViewEntry[] = [
  { title: "Names", at: "", also: ["artifacts"], needs: "reads" },
  { title: "Compare", at: "compare", needs: "reads" },
  { title: "Lineage", at: "lineage", needs: "reads" },
  { title: "Storage", at: "storage", needs: "admin" },
  { title: "Runs", at: "runs", also: ["logged"], needs: "runs" },
  { title: "Jobs", at: "jobs", needs: "jobs" },
  { title: "Upload", at: "upload", needs: "writes" },
];

// The views in the navigation, and who sees them.
import type { Place } from "../framework/router.ts";

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

export const VIEWS: readonly ViewEntry[] = [
  { title: "Names", at: "", also: ["artifacts"], needs: "reads" },
  { title: "Compare", at: "compare", needs: "reads" },
  { title: "Lineage", at: "lineage", needs: "reads" },
  { title: "Storage", at: "storage", needs: "admin" },
  { title: "Runs", at: "runs", needs: "runs" },
  { title: "Jobs", at: "jobs", needs: "jobs" },
  { title: "Upload", at: "upload", needs: "writes" },
];

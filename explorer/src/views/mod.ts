// The contract of views. `view.ts` has the list.
import type { Opened } from "../api/service.ts";
import { type Place, splitValues } from "../framework/router.ts";

export interface ViewProps {
  readonly place: Place;
}

export interface ViewEntry {
  /** The first segment of its address. */
  readonly at: string;
  readonly title: string;
  /** The address of the view of the navigation that it belongs to. @default its own */
  readonly of?: string;
  /** Returns true if the navigation has it. @default it always has */
  isOffered?(opened: Opened): boolean;
  load(): Promise<(props: ViewProps) => unknown>;
}

/** Returns the title of a tab. It begins with what differs from other tabs. */
export function titleOf(
  { path: [first = "", ...rest], query }: Place,
  views: readonly ViewEntry[],
): string {
  const { tab = "versions", path, ref = "", refs = "", q = "" } = query;
  const view = views.find(({ at }) => at === first)?.title;
  const shown = first === "artifacts"
    ? [rest.join("@"), path ?? (rest.length > 1 ? "Version" : tab[0]?.toUpperCase() + tab.slice(1))]
    : [rest.join(" / ") || splitValues(refs).join(", ") || ref || q, view];
  return [...shown, "Holdfast"].filter((part) => part).join(" · ");
}

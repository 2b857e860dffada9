// Views of a name that people save for their team: filters, columns and charts.
import type { PageExtension } from "../../extension.ts";
import { isViewsName } from "./views_name.ts";

export const savedViewsExtension: PageExtension = {
  name: "saved views",
  isInternal: isViewsName,
  loadOfName: async () => (await import("./saved_views.ts")).SavedViews,
};

// The border of the page: markup and state, addresses, requests to the service, tables, notices, forms, and words for
// numbers and times, for views of extensions. `extension.ts` says what an extension may add.
export { type Author, type ListedVersion, namePath, openVersion } from "./api/artifacts.ts";
export { useSession } from "./api/context.ts";
export type { Grant, Issuer, SignInAnswer } from "./api/grant.ts";
export type { LoggedRun } from "./api/logged_runs.ts";
export {
  type Beginning,
  mayChange,
  mayRead,
  notInSite,
  Service,
  ServiceError,
} from "./api/service.ts";
export type { ArtifactFile, ArtifactVersion, FileToRead } from "./artifact_file.ts";
export type { Change } from "./components/change_list.ts";
export { lookOf, MOST_LOOKS } from "./components/charts/chart_scales.ts";
export { Choice } from "./components/choice.ts";
export { CopyBox, CopyButton, CopyTable, SameByCode, shellWord } from "./components/copy_box.ts";
export { Dialog } from "./components/dialog.ts";
export { FactList, type NamedFact } from "./components/fact_list.ts";
export { onValue, TextField } from "./components/field.ts";
export { LogText } from "./components/long_content.ts";
export { Empty, ErrorNotice, Loading, Shown, whenLoaded } from "./components/notices.ts";
export { StateTag } from "./components/state_tag.ts";
export { type Column, Table } from "./components/table.ts";
export { Curves, hasCurves, readCurve } from "./curves/mod.ts";
export type { Steps } from "./curves/steps.ts";
export {
  briefText,
  formatAgo,
  formatCount,
  formatMs,
  formatNumber,
  formatTime,
  numberText,
} from "./format/format.ts";
export { html } from "./framework/html.ts";
export { useEffect, useMemo, useRef, useState, type VNode } from "./framework/preact.ts";
export {
  hrefOf,
  hrefOfRef,
  openPlace,
  type Place,
  splitRef,
  splitValues,
  usePlace,
} from "./framework/router.ts";
export { useAction } from "./framework/use_action.ts";
export { useInterval } from "./framework/use_interval.ts";
export { useLoaded } from "./framework/use_loaded.ts";
export { useQuery } from "./framework/use_query.ts";
export type { ArraySource } from "./previews/arrays/array_source.ts";
export type { Numbers } from "./previews/arrays/numbers.ts";
export type { ModelTensor, OpenedModel } from "./previews/models/model.ts";
export { LeftOut, type ShownFile, useFiles } from "./previews/parts.ts";
export type { Made } from "./views/lineage/lineage_part.ts";
export type { ViewProps } from "./views/mod.ts";
export type { RunRow } from "./views/runs/run_rows.ts";

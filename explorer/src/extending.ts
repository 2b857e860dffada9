// The border of the page: the names that its extensions may use. The object of an extension has its types in
// `extension.ts`. All of these modules are in the first load, or small: the bundler puts what one extension reaches
// through here into what all of them load. Views, previews and curves are imported from their files.
export { useSession } from "./api/context.ts";
export { storeAttempt, takeAttempt } from "./api/grant.ts";
export type { Grant, Issuer, SignInAnswer } from "./api/grant.ts";
export type { LoggedRun } from "./api/logged_runs.ts";
export { mayChange, mayRead, notInSite, Service, ServiceError } from "./api/service.ts";
export type { Beginning } from "./api/service.ts";
export type { ArtifactFile, ArtifactVersion, FileToRead } from "./artifact_file.ts";
export type { PairProps } from "./compare/pair.ts";
export type { Change } from "./components/change_list.ts";
export { CopyBox, CopyButton, CopyTable, SameByCode, shellWord } from "./components/copy_box.ts";
export { FactList } from "./components/fact_list.ts";
export type { NamedFact } from "./components/fact_list.ts";
export { onValue, TextField } from "./components/field.ts";
export { Empty, ErrorNotice, Loading, Shown, whenLoaded } from "./components/notices.ts";
export { StateTag } from "./components/state_tag.ts";
export {
  briefText,
  formatAgo,
  formatCount,
  formatMs,
  formatNumber,
  formatTime,
  numberText,
} from "./format/format.ts";
export { elementOf } from "./framework/element_of.ts";
export { html } from "./framework/html.ts";
export { useEffect, useMemo, useRef, useState } from "./framework/preact.ts";
export type { VNode } from "./framework/preact.ts";
export {
  hrefOf,
  hrefOfRef,
  openPlace,
  splitRef,
  splitValues,
  usePlace,
} from "./framework/router.ts";
export type { Place } from "./framework/router.ts";
export { useAction } from "./framework/use_action.ts";
export { useInterval } from "./framework/use_interval.ts";
export { useLoaded } from "./framework/use_loaded.ts";
export type { Loaded } from "./framework/use_loaded.ts";
export { useQuery } from "./framework/use_query.ts";
export type { Made } from "./views/lineage/lineage_part.ts";
export type { ViewProps } from "./views/mod.ts";

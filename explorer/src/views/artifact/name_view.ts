// A name: its versions, aliases, changes and storage.
import { useSession } from "../../api/context.ts";
import { isCard, type ListedVersion, namePath, openVersion } from "../../api/artifacts.ts";
import type { ArtifactVersion } from "../../artifact_file.ts";
import { type LogEntry, type NameSummary, readName, stateOf } from "../../api/names.ts";
import { type Beginning, mayChange, type Service } from "../../api/service.ts";
import { ChangeList, changesOf } from "../../components/change_list.ts";
import { SameByCode, shellWord } from "../../components/copy_box.ts";
import { ExtensionParts } from "../../components/extension_parts.ts";
import { Empty, Loading, Shown, Suggestion } from "../../components/notices.ts";
import { UnknownName } from "../../components/unknown_name.ts";
import { html } from "../../framework/html.ts";
import { hrefOf, openPlace, type Place } from "../../framework/router.ts";
import { useInterval } from "../../framework/use_interval.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { Preview } from "../../previews/mod.ts";
import { useAnnotations } from "./annotations.ts";
import { AliasesPanel } from "./aliases_panel.ts";
import { DeletedVersions } from "./deleted_versions.ts";
import { Heading, Tabs } from "./heading.ts";
import { SpacePanel } from "./space_panel.ts";
import { useLoggedRuns } from "../runs/use_logged_runs.ts";
import type { LoggedRun } from "../../api/logged_runs.ts";
import { VersionsPanel } from "../versions/versions_panel.ts";
import type { RetentionRule } from "../../../../core/record.ts";
import { ruleText } from "../../../../apps/rule_text.ts";

const TABS: readonly string[] = ["versions", "card", "aliases", "changes", "storage"];
/** Milliseconds between queries for a new version or a moved alias. */
const LIVE_MS = 5000;
/** The newest versions, and those with an alias, in which a card is looked for. */
const MOST_CARDS = 5;
/** Lists of more files are read of the newest version only. */
const MOST_FILES = 1000;

export function NameView({ name, query }: { name: string; query: Place["query"] }) {
  const { service, rights } = useSession();
  const summary = useLoaded((signal) => readName(service, name, { signal }), [name]);
  const { reload, loading, value } = summary;
  useInterval(
    async () => {
      const now = await readName(service, name, { limit: 1 }).catch(() => undefined);
      if (now && value && stateOf(now) !== stateOf(value)) reload();
    },
    LIVE_MS,
    !loading && !service.isSite,
  );
  const runs = useLoggedRuns({ name, metrics: true });
  const notes = useAnnotations({ name, path: namePath(name) });
  const tab = query.tab ?? "versions";
  const href = (key: string) =>
    hrefOf(["artifacts", name], { tab: key === "versions" ? undefined : key });
  const cardSearch = useLoaded(
    async (signal) => value && { card: await findCard(service, value, signal) },
    [name, value?.versions[0]?.version, value?.aliases],
  );
  const card = cardSearch.value?.card;
  const all = [
    ["versions", "Versions"],
    ...card ? [["card", "Card"]] : [],
    ["aliases", "Aliases"],
    ["changes", "Changes"],
    ...service.isSite ? [] : [["storage", "Storage"]],
  ];
  return html`
    <div class="stack whole">
      <${Heading} name=${name}>
        <a class="button" href=${hrefOf(["lineage"], { ref: name })}>Lineage</a>
        ${notes.edit}
        ${mayChange(rights, "save", name) &&
          html`<a class="button" href=${hrefOf(["upload"], { name })}>Upload a version</a>`}
      <//>
      <${RuleLine} name=${name} />
      ${notes.card}
      <${Tabs} tabs=${all} current=${tab} href=${href} />
      ${tab === "versions" && html`<${ExtensionParts} at="loadOfName" name=${name} />`}
      ${!TABS.includes(tab) && html`
        <${UnknownName} typed=${tab} names=${all.map(([key]) => key)} what="Tabs"
          use=${(key: string) => openPlace(href(key))}>
          This page has no tab <code>${tab}</code>.<//>
      `}
      <${Shown} of=${summary} what="Reading versions">${(summary: NameSummary) =>
        tab === "card"
          ? card !== undefined
            ? html`<${CardPanel} card=${card} newest=${summary.versions[0]?.version} />`
            : cardSearch.value !== undefined && html`<${NoCard} />`
          : html`
            <${Panel} tab=${tab} summary=${summary} runs=${runs} changed=${reload} />
          `}<//>
      <${SameByCode} ...${codeOf(tab, name, query.deleted !== undefined)} />
    </div>
  `;
}

function NoCard() {
  return html`
    <${Empty} title="This name has no card">
      <p>Save a version with a <code>README.md</code>, and it appears here.</p>
      <//>
  `;
}

interface Card {
  readonly version: ArtifactVersion;
  readonly path: string;
}

/** Returns the card of the newest version with one, of the last few and those with an alias. */
async function findCard(
  service: Service,
  { name, versions, aliases }: NameSummary,
  signal: AbortSignal,
): Promise<Card | undefined> {
  const isShort = ({ info }: ListedVersion, at: number) =>
    at === 0 || (info?.files.length ?? 0) <= MOST_FILES;
  const recent = versions.slice(0, MOST_CARDS).filter(isShort).map(({ version }) => version);
  const promoted = aliases.map(({ version }) => version).slice(0, MOST_CARDS);
  for (const version of new Set([...recent, ...promoted])) {
    const opened = await openVersion(service, { name, version }, signal).catch((error) => {
      if (signal.aborted) throw error; // else it is damaged or was deleted
    });
    const card = opened?.files.find(({ path }) => isCard(path));
    if (opened !== undefined && card !== undefined) return { version: opened, path: card.path };
  }
}

function CardPanel({ card: { version, path }, newest }: { card: Card; newest?: string }) {
  const href = hrefOf(["artifacts", version.name, version.version]);
  const isOlder = newest !== undefined && newest !== version.version;
  return html`
    <div class="row spread">
      <span class="muted">The card of version ${version.version}${isOlder &&
        `: ${newest}, the newest, has none`}.</span>
      <a class="button button-small" href=${href}>Open ${version.version}</a>
    </div>
    <${Preview} version=${version} path=${path} />
  `;
}

function Panel({ tab, summary, runs, changed }: {
  tab: string;
  summary: NameSummary;
  runs?: Beginning<LoggedRun>;
  changed: () => void;
}) {
  const { name, versions } = summary;
  if (tab === "aliases") return html`<${AliasesPanel} summary=${summary} changed=${changed} />`;
  if (tab === "changes") return html`<${ChangesPanel} name=${name} state=${stateOf(summary)} />`;
  if (tab === "storage") return html`<${SpacePanel} name=${name} />`;
  const isNone = versions.length === 0;
  return html`
    ${isNone && !runs?.items.length
      ? html`<${NoVersions} name=${name} isRead=${runs !== undefined} />`
      : html`<${VersionsPanel} summary=${summary} runs=${runs} />`}
    <${DeletedVersions} name=${name} isOpen=${isNone} state=${stateOf(summary)}
      changed=${changed} />
  `;
}

function NoVersions({ name, isRead }: { name: string; isRead: boolean }) {
  const { service } = useSession();
  const { error } = useLoaded(
    (signal) => service.ask(`${namePath(name)}/versions/latest`, { signal }),
    [name],
  );
  if (!isRead) return html`<${Loading} what="Reading runs" />`;
  return html`
    <${Empty} title="This name has no version">
      <p>It was deleted, or never saved. The changes show more.</p>
      ${error !== undefined && html`<${Suggestion} of=${error} />`}
      <//>
  `;
}

function codeOf(
  tab: string,
  name: string,
  isDeleted: boolean,
): { cli: string; code: string } {
  const [word, text] = [shellWord(name), JSON.stringify(name)];
  const code: Record<string, { cli: string; code: string }> = {
    versions: {
      cli: `holdfast versions ${word}${isDeleted ? " --deleted" : ""}`,
      code: `for await (const { version } of registry.versions(${text}${
        isDeleted ? ", { deleted: true }" : ""
      })) {
  console.log(version);
}`,
    },
    aliases: {
      cli: `holdfast alias ${word}`,
      code: `for await (const { alias, version } of registry.aliases(${text})) {
  console.log(alias, version);
}`,
    },
    changes: {
      cli: `holdfast log ${word}`,
      code: `import { readLog } from "@holdfast/holdfast";

for await (const { event, version, at } of readLog(registry, ${text})) {
  console.log(at, event, version);
}`,
    },
    storage: {
      cli: `holdfast du ${word}`,
      code: `import { measureVersions } from "@holdfast/holdfast/maintenance";

const { versions } = await measureVersions(registry, ${text});`,
    },
  };
  return code[tab] ?? code.versions!;
}

function RuleLine({ name }: { name: string }) {
  const { service } = useSession();
  const { value } = useLoaded(async (signal) => {
    if (service.isSite) return [];
    const query = { name };
    return (await service.json<{ rules: RetentionRule[] }>("rules", { query, signal })).rules;
  }, [name]);
  return value?.map((rule) =>
    html`<p class="muted">Rule <span class="mono">${rule.pattern}</span>: ${ruleText(rule)}</p>`
  );
}

const MOST = 500;

function ChangesPanel({ name, state }: { name: string; state: string }) {
  const { service } = useSession();
  const log = useLoaded(
    (signal) => service.first<LogEntry>(`${namePath(name)}/log`, MOST, { signal }),
    [name, state],
  );
  return html`
    <${Shown} of=${log} what="Reading changes">${({ items, isCut }: Beginning<LogEntry>) =>
      items.length === 0
        ? html`
          <${Empty} title="There are no changes">
            <p>Save a version, or set an alias, and it appears here.</p>
            <//>
        `
        : html`
          <${ChangeList} label="Changes" changes=${changesOf(name, items)} />
          ${isCut && html`<p class="muted">Only the newest ${MOST} are shown.</p>`}
        `}<//>
  `;
}

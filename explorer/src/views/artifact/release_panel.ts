// A release: its members, what changed since the one before, and the moves of its aliases.
import type { Release } from "../../../../core/registry/release.ts";
import { namePath, versionPath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import type { LogEntry } from "../../api/names.ts";
import { ChangeList, changesOf } from "../../components/change_list.ts";
import { CopyButton } from "../../components/copy_box.ts";
import { Shown } from "../../components/notices.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { hrefOf, hrefOfRef, joinValues } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

const TAGS = { present: "tag-good", missing: "tag-bad", changed: "tag-warn", removed: "" };
/** Changes of the name that are searched for moves. */
const MOST = 500;

interface Member {
  readonly key: string;
  readonly ref: string;
  readonly digest: string;
  readonly state: keyof typeof TAGS;
  /** Its ref in the release before, if it was there. */
  readonly was?: string;
}

/** `previous` is the version of the release before. */
export function ReleasePanel(
  { name, version, previous }: { name: string; version: string; previous?: string },
) {
  const { service } = useSession();
  const opened = useLoaded(async (signal) => {
    const read = async (version: string) =>
      await service.json<Release>(`${versionPath(name, version)}/members`, { signal });
    const [{ members }, last, { items, isCut }] = await Promise.all([
      read(version),
      previous === undefined ? undefined : read(previous).catch(() => undefined), // no release
      service.first<LogEntry>(`${namePath(name)}/log`, MOST, { signal }),
    ]);
    const moves = changesOf(name, items).filter(({ alias, version: to, was }) =>
      alias !== undefined && (to === version || was === version)
    );
    return {
      members: membersOf(members, last?.members),
      isFirst: last === undefined,
      moves,
      isCut,
    };
  }, [name, version, previous]);
  return html`<${Shown} of=${opened} what="Reading the members">${(
    { members, isFirst, moves, isCut }: NonNullable<typeof opened.value>,
  ) =>
    html`
      <section class="stack" aria-label="Members">
        <h2>Members</h2>
        <${Table} label="Members of the release" rows=${members} columns=${columnsOf(
          `${name}@${version}`,
          isFirst ? undefined : previous,
        )} />
        <${ChangeList} label="Moves of aliases" changes=${moves} />
        ${isCut &&
          html`<p class="muted">Moves among the newest ${MOST} changes of the name are shown.</p>`}
      </section>
    `}<//>`;
}

/** Returns the members, and those that the release before had. */
function membersOf(now: Release["members"], last: Release["members"] = {}): Member[] {
  const before = new Map(Object.entries(last));
  const members = Object.entries(now).map(([key, member]): Member => {
    const was = before.get(key)?.ref;
    before.delete(key);
    return { key, ...member, was };
  });
  return [
    ...members,
    ...[...before].map(([key, member]) => ({ key, ...member, state: "removed" as const })),
  ];
}

function columnsOf(release: string, before?: string): Column<Member>[] {
  const since = ({ ref, was, state }: Member) => {
    if (state === "removed") return "";
    if (was === undefined) return "new";
    if (was === ref) return html`<span class="muted">same</span>`;
    return html`<a href=${hrefOf(["compare"], { refs: joinValues([was, ref]) })}>was ${was}</a>`;
  };
  return [
    { title: "Member", cell: ({ key }) => html`<span title=${`${release}/${key}`}>${key}</span>` },
    {
      title: "Version",
      cell: ({ ref }) => html`<a class="mono" href=${hrefOfRef(ref)}>${ref}</a>`,
    },
    {
      title: "State",
      cell: ({ state }) => html`<span class=${`tag ${TAGS[state]}`}>${state}</span>`,
    },
    ...before === undefined ? [] : [{ title: `Since ${before}`, cell: since }],
    {
      title: "Digest",
      cell: ({ key, digest }) =>
        html`<code>${
          digest.slice(0, 12)
        }…</code> <${CopyButton} label=${`digest of ${key}`} text=${digest} />`,
    },
  ];
}

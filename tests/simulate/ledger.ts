// The objects of a registry at each moment, from the true order of changes. Answers are checked
// against it.
import type { AnyRecord, Part, StoredFile, VersionRecord } from "../../core/record.ts";
import { decodeRecord } from "../../registry/format/record_codec.ts";
import { type CellKey, parseCellKey, SETTINGS } from "../../registry/format/layout.ts";
import { POWER } from "./stores/power_cut.ts";
import type { Effect } from "./with_history.ts";

/** Older data may be forgotten: K in FORMAT.md. */
const MEMORY_MS = 30 * 24 * 3_600_000;

/** Some stores have times in seconds. */
const CLOCK_STEP_MS = 1000;

export interface Landing {
  order: number;
  at: number;
  key: string;
  place: CellKey;
  record: AnyRecord;
  visible: boolean;
  before?: Landing;
  late: boolean;
  needs: string[];
  /** Bytes that it uses of each object. */
  used: ReadonlyMap<string, number>;
  present: boolean;
  scrubbed: boolean;
  lost: boolean;
  forgotten: boolean;
  tombstone?: Landing;
}

/** The state of a cell for a while: its newest valid record. */
export interface CellState {
  from: number;
  to: number;
  head?: Landing;
  broken: boolean;
}

export interface Cell {
  place: CellKey;
  landings: Landing[];
  states: CellState[];
  forgotten: number[];
}

export interface Ledger {
  readonly cells: ReadonlyMap<string, Cell>;
  readonly breaches: { order: number; message: string }[];
  readonly undone: Set<Landing>;
  /** Sizes of the payload objects that exist. */
  readonly objects: ReadonlyMap<string, number>;
  apply(effect: Effect): void;
  cellsOf(name: string, kind: CellKey["kind"]): Cell[];
}

export function createLedger(graceMs: number): Ledger {
  const cells = new Map<string, Cell>();
  const objects = new Map<string, number>();
  /** Payload that may be a page of a list of files, also if it is gone. */
  const lists = new Map<string, Uint8Array>();
  const users = new Map<string, Set<Cell>>();
  const breaches: { order: number; message: string }[] = [];
  const undone = new Set<Landing>();
  const graces: { at: number; graceMs: number }[] = []; // as they were set
  let createdAt = Infinity;

  function noteSettings({ verb, key, at, bytes }: Effect): void {
    createdAt = Math.min(createdAt, at);
    const record = verb === "put" && bytes !== undefined
      ? decodeRecord(bytes, key).record
      : undefined;
    if (record?.kind === "settings") graces.push({ at, graceMs: record.settings.graceMs });
  }

  function applyPayload(effect: Effect): void {
    const { verb, key, written } = effect;
    if (verb === "put" && written) {
      objects.set(key, effect.bytes?.byteLength ?? 0);
      if (effect.bytes?.[0] === OPENS) lists.set(key, effect.bytes);
    }
    if (verb === "delete" && !objects.delete(key)) return;
    for (const cell of users.get(key) ?? []) settle(cell, effect);
  }

  function applyRecord(effect: Effect, place: CellKey): void {
    const { order, key } = effect;
    const cell = cells.get(place.cell) ?? newCell(cells, place);
    const known = cell.landings.findLast((landing) => landing.key === key);
    if (effect.actor === POWER) {
      if (known !== undefined) undo(known, effect);
    } else if (effect.verb === "delete") {
      if (known !== undefined) remove(cell, known, effect);
    } else if (effect.mode === "overwrite") {
      const { record } = decodeRecord(effect.bytes!, key);
      const buries = record.kind === "deleted" && record.digest !== undefined &&
        place.generation === 1;
      const isHead = known !== undefined && cell.states.at(-1)!.head === known;
      const may = (record.kind === "scrubbed" || buries && !isHead) &&
        record.commit === known?.record.commit;
      if (!may) {
        breaches.push({
          order,
          message: `record ${key} was replaced by ${record.kind} of ${record.commit}`,
        });
      } else {
        if (!known!.scrubbed) checkGrace(cell, known!, effect);
        known!.scrubbed = true;
      }
      if (may && buries) known!.tombstone = { ...known!, record, needs: [], scrubbed: false };
    } else {
      land(cell, effect, place, known);
    }
    settle(cell, effect);
  }

  function remove(cell: Cell, landing: Landing, { at, order }: Effect): void {
    const { key, place } = landing;
    landing.present = false;
    landing.forgotten = isForgettable(cell, at);
    checkGrace(cell, landing, { at, order });
    if (landing.forgotten) cell.forgotten.push(order);
    else if (place.kind === "alias") {
      breaches.push({ order, message: `${key} was removed from the history of an alias` });
    }
  }

  function checkGrace(
    { landings }: Cell,
    { key, place }: Landing,
    { at, order }: Pick<Effect, "at" | "order">,
  ): void {
    const above = landings.filter((other) =>
      other.place.generation > place.generation && !other.lost &&
      !(other.late && other.needs.length > 0)
    );
    const replacedAt = Math.min(...above.map((other) => other.at));
    const held = graces.findLast((grace) => grace.at <= replacedAt);
    if (
      held === undefined || above.length === 0 || at + CLOCK_STEP_MS >= replacedAt + held.graceMs
    ) return;
    breaches.push({
      order,
      message: `${key} went ${at - replacedAt} ms after it was replaced, of ${held.graceMs}`,
    });
  }

  /** Returns true if nothing in a cell must be remembered, and it has no version. */
  function isForgettable({ landings, states, place }: Cell, at: number): boolean {
    if (place.kind === "version" && states.at(-1)!.head?.record.kind === "version") return false;
    return landings.every((landing) => at - landing.at > MEMORY_MS);
  }

  function undo(landing: Landing, { verb, key, bytes }: Effect): void {
    landing.present = verb === "put";
    landing.lost = !landing.present;
    if (landing.present) landing.scrubbed = decodeRecord(bytes!, key).record.kind === "scrubbed";
  }

  function land(
    cell: Cell,
    { order, at, key, bytes }: Effect,
    place: CellKey,
    known?: Landing,
  ): void {
    const { record: stored } = decodeRecord(bytes!, key);
    const { used, record } = stored.kind === "version"
      ? contentOf(stored, key, lists)
      : { used: new Map<string, number>(), record: stored };
    const visible = !cell.landings.some(({ present, place: other }) =>
      present && other.generation > place.generation
    );
    if (
      visible && known !== undefined && !known.lost &&
      !cell.forgotten.some((other) => other > known.order) &&
      known.record.commit !== record.commit
    ) {
      breaches.push({
        order,
        message: `generation ${place.generation} of ${place.cell} was won twice`,
      });
    }
    const startedAt = Date.parse(record.startedAt);
    // in a copy of a registry nothing is
    const late = createdAt <= startedAt && at > startedAt + graceMs / 2;
    const needs = [...used.keys()];
    const before = cell.states.at(-1)!.head;
    cell.landings.push({
      order,
      at,
      key,
      place,
      record,
      visible,
      before,
      late,
      needs,
      used,
      present: true,
      scrubbed: false,
      lost: false,
      forgotten: false,
    });
    for (const need of needs) {
      if (!users.has(need)) users.set(need, new Set());
      users.get(need)!.add(cell);
    }
  }

  function settle(cell: Cell, { order, actor }: Effect): void {
    const present = cell.landings.filter((landing) => landing.present).map((landing) =>
      landing.tombstone ?? landing
    );
    present.sort((a, b) => b.place.generation - a.place.generation);
    const head = present.find((landing) => !(landing.late && isBare(landing)));
    const broken = head !== undefined && isBare(head);
    const last = cell.states.at(-1)!;
    if (last.head === head && last.broken === broken) return;
    last.to = order;
    cell.states.push({ from: order, to: Infinity, head, broken });
    if (broken) breaches.push({ order, message: `${head.key} counts, and its payload is gone` });
    const was = last.head?.place.generation ?? 0;
    if (was <= (head?.place.generation ?? 0)) return;
    // as dead as before
    if (last.head!.record.kind === "deleted" && head?.record.kind === "deleted") return;
    if (last.head!.forgotten && head?.record.kind !== "version") return;
    undone.add(last.head!);
    if (!last.head!.present && actor !== POWER) {
      breaches.push({ order, message: `the head ${last.head!.key} was removed` });
    }
  }

  function isBare(landing: Landing): boolean {
    return landing.scrubbed || landing.needs.some((key) => !objects.has(key));
  }

  return {
    cells,
    breaches,
    undone,
    objects,
    apply(effect) {
      if (effect.key.startsWith("objects/")) return applyPayload(effect);
      if (effect.key.startsWith(SETTINGS) && effect.written) noteSettings(effect);
      const place = effect.written ? parseCellKey(effect.key) : undefined;
      if (place !== undefined) applyRecord(effect, place);
    },
    cellsOf: (name, kind) =>
      [...cells.values()].filter(({ place }) => place.name === name && place.kind === kind),
  };
}

function newCell(cells: Map<string, Cell>, place: CellKey): Cell {
  const cell: Cell = {
    place,
    landings: [],
    states: [{ from: 0, to: Infinity, broken: false }],
    forgotten: [],
  };
  cells.set(place.cell, cell);
  return cell;
}

/** The first byte of a list, `[`. */
const OPENS = 91;

/**
 * Returns a version with the files of its pages, and how many bytes of each payload object it uses,
 * by key.
 */
function contentOf(
  record: VersionRecord,
  key: string,
  lists: ReadonlyMap<string, Uint8Array>,
): { record: VersionRecord; used: Map<string, number> } {
  const { files, fileList, commit } = record;
  const all = [...files];
  const [, name, , , order] = key.split("/");
  const used = new Map<string, number>();
  const own = `${order}/${commit}`;
  addFiles(files, own);
  if (fileList !== undefined) addList(fileList, own, fileList.levels);
  return { record: { ...record, files: all }, used };

  function add({ object, size, from }: Part, folder: string): string {
    const key = `objects/${name}/${from ?? folder}/${object}`;
    used.set(key, (used.get(key) ?? 0) + size);
    return key;
  }

  function addFiles(files: readonly StoredFile[], folder: string): void {
    for (const { parts = [], chunks, from = folder } of files) {
      for (const part of chunks === undefined ? parts : [...parts, chunks]) add(part, from);
    }
  }

  /** Adds a page and all below it. What it has is not known if it was never there. */
  function addList(page: Part, folder: string, level?: number): void {
    const bytes = lists.get(add(page, folder));
    if (bytes === undefined || level === undefined) return;
    const rows = JSON.parse(new TextDecoder().decode(bytes));
    const place = page.from ?? folder;
    if (level === 0) {
      addFiles(rows, place);
      all.push(...rows);
    } else for (const row of rows as Part[]) addList(row, place, level - 1);
  }
}

export function statesDuring(cell: Cell | undefined, from: number, to: number): CellState[] {
  if (cell === undefined) return [{ from: 0, to: Infinity, broken: false }];
  return cell.states.filter((state) => state.from <= to && state.to > from);
}

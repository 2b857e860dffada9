// The charts of curves, and the sections in which they stand.
import { usualBetter } from "../../../core/text/better.ts";

/** The measures that one chart shows. */
export interface Panel {
  readonly title: string;
  readonly measures: readonly string[];
}

/** Charts whose measures begin alike. */
export interface Section {
  /** Such as `train`; empty without one. */
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Words for the part of the data that a measure is of. */
const PARTS = /^(?:train(?:ing)?|val(?:id(?:ation)?)?|test|eval(?:uation)?|dev)$/i;

/**
 * Groups the measures that one chart shows: `loss` and `val_loss`, unless each is `alone`. A chart
 * of one measure has its name.
 */
export function panelsOf(measures: readonly string[], alone: boolean): Panel[] {
  const words = (name: string) => name.split(/[/._ -]/).filter((word) => !PARTS.test(word));
  const groups = Map.groupBy(measures, (name) => alone ? name : words(name).join(" ") || name);
  return [...groups].map(([name, own]) => ({
    title: own.length === 1 ? own[0] ?? name : name,
    measures: own,
  }));
}

/** The section of system metrics among the points, as MLflow's client logs them. It comes last. */
export const SYSTEM = "system";

/**
 * Sorts charts into sections by the beginning of their first measure, before `/` or `.`. Those
 * without one, and those that would be alone, share a section without a title. Sections with a
 * measure of which some values are better come first.
 */
export function sectionsOf(panels: readonly Panel[]): Section[] {
  const prefixOf = ({ measures: [first = ""] }: Panel) => /^(.+?)[/.]/.exec(first)?.[1] ?? "";
  const alike = Map.groupBy(panels, prefixOf);
  const groups = Map.groupBy(panels, (panel) => {
    const prefix = prefixOf(panel);
    return prefix !== SYSTEM && alike.get(prefix)?.length === 1 ? "" : prefix;
  });
  const isMeasure = ({ measures }: Panel) => measures.some((name) => usualBetter(name) !== "none");
  return [...groups].map(([title, panels]) => ({ title, panels }))
    .sort((a, b) =>
      Number(a.title === SYSTEM) - Number(b.title === SYSTEM) ||
      Number(b.panels.some(isMeasure)) - Number(a.panels.some(isMeasure))
    );
}

/** Returns the charts with a measure that has all words of a text, ignoring case. */
export function panelsWith(panels: readonly Panel[], text: string): readonly Panel[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return panels.filter(({ measures }) =>
    measures.some((name) => words.every((word) => name.toLowerCase().includes(word)))
  );
}

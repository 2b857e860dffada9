// The part of the bytes that one run reads, as typed.
import { invalid } from "../../apps/cli/extending.ts";
import { shown } from "../../core/kernel.ts";

const LEAST = 0.0001;

/** Parses `1%` or `1/30`. Throws `Invalid` for anything else, and for parts that make no sense. */
export function parseSample(text: string): number {
  const [, percent] = /^(\d{1,3}(?:\.\d{1,6})?) ?%$/.exec(text.trim()) ?? [];
  const [, part, of] = /^(\d{1,5})\/(\d{1,5})$/.exec(text.trim()) ?? [];
  const sample = percent !== undefined ? Number(percent) / 100 : Number(part) / Number(of);
  if (sample >= LEAST && sample <= 1) return sample;
  const state = "not a part from 0.01% to 100%";
  throw invalid(`read sample ${shown(text)}`, state, "Write 1% or 1/30.");
}

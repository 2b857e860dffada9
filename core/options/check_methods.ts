// The options of the methods of what a registry, or a batch, hands out.
import type { AddPartOptions, CommitDraftOptions, Draft } from "../record/draft.ts";
import type { OptionNames } from "./check_options.ts";
import { checkedArguments, failing, SAVE, SIGNAL } from "./verb_options.ts";
import type { KnownVerb } from "./verb_options.ts";

type Method = (...args: unknown[]) => unknown;

/** Makes methods refuse options that they do not know: those that give promises, and those that give listings. */
export function checkMethods<T extends object>(
  target: T,
  { promises = [], listings = [] }: {
    promises?: readonly KnownVerb[];
    listings?: readonly KnownVerb[];
  },
): T {
  const own = target as Record<string, Method>;
  for (const known of promises) {
    const inner = own[known.verb].bind(target);
    own[known.verb] = async (...args) => await inner(...checkedArguments(known, args));
  }
  for (const known of listings) {
    const inner = own[known.verb].bind(target);
    own[known.verb] = (...args) => {
      try {
        return inner(...checkedArguments(known, args));
      } catch (error) {
        return failing(error);
      }
    };
  }
  return target;
}

const ADD_PART: OptionNames<AddPartOptions> = { compress: true, onProgress: true, ...SIGNAL };
const { idempotencyKey: _, compress: __, ...SAVE_OF_DRAFT } = SAVE;
const COMMIT: OptionNames<CommitDraftOptions> = { parts: true, ...SAVE_OF_DRAFT };

const OF_DRAFTS: readonly KnownVerb[] = [
  { verb: "addPart", at: 2, known: ADD_PART },
  { verb: "add", at: 2, known: ADD_PART },
  { verb: "info", at: 0, known: SIGNAL },
  { verb: "files", at: 0, known: SIGNAL },
  { verb: "commit", at: 0, known: COMMIT },
  { verb: "discard", at: 0, known: SIGNAL },
];

/** Makes the methods of a draft refuse options that they do not know. */
export function checkDraft(draft: Draft): Draft {
  return checkMethods(draft, { promises: OF_DRAFTS });
}

// Which values of a key are better, by its name.
export const BETTER = ["high", "low", "none"] as const;
export type Better = typeof BETTER[number];

/** The beginning of keys that are no facts of a version. */
export const MEMBER = /^(?:metadata|labels)\./;
/** The beginning of names of parameters. */
export const PARAMETERS = /^(?:(?:hyper_?)?param(?:eter)?s|hparams|config|args)\./i;

const LESS = /loss|error|err\b|\b(r?mse|mae|mape|nll|bce|wer|cer|fid)\b|perplexity|latency/i;
const MORE = /acc(uracy)?\b|\b(auc|auroc|f1|r2|map|iou|dice|bleu|rouge|score)\b|precision|recall/i;

/** Returns which values are better, by the name of a key. */
export function usualBetter(key: string): Better {
  const title = key.replace(MEMBER, "");
  const word = title.replaceAll(/[_.-]/g, " ");
  if (PARAMETERS.test(title)) return "none";
  return LESS.test(word) || LESS.test(title) ? "low" : MORE.test(word) ? "high" : "none";
}

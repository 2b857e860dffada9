// Logistic regression, as small as it can be.
/** A weight for each feature, and one more that is always added. */
export interface Model {
  /** In the order of the features, the constant one last. */
  weights: number[];
}

/** Rows of numbers, each as long as the others, and what is to be foretold: 1 or 0. */
export interface Examples {
  /** Names of the features. */
  names: string[];
  /** The features, row by row. */
  rows: Float32Array;
  /** The values to predict, one for each row. */
  labels: Uint8Array;
}

/** Learns from examples by going down the slope of the mean error, `epochs` times. */
export function train(
  { names, rows, labels }: Examples,
  { rate, epochs }: { rate: number; epochs: number },
): Model {
  const width = names.length;
  const weights = new Float64Array(width + 1);
  const slope = new Float64Array(width + 1);
  for (let epoch = 0; epoch < epochs; epoch++) {
    slope.fill(0);
    for (let i = 0; i < labels.length; i++) {
      const error = foretell(weights, rows, i * width) - labels[i];
      for (let j = 0; j < width; j++) slope[j] += error * rows[i * width + j];
      slope[width] += error;
    }
    for (let j = 0; j <= width; j++) weights[j] -= rate * slope[j] / labels.length;
  }
  return { weights: [...weights] };
}

/** How many of the examples a model foretells right, from 0 to 1. */
export function accuracy({ weights }: Model, { names, rows, labels }: Examples): number {
  let right = 0;
  for (let i = 0; i < labels.length; i++) {
    if (Math.round(foretell(weights, rows, i * names.length)) === labels[i]) right++;
  }
  return right / labels.length;
}

/** The probability of 1 for the row that begins at an index. */
function foretell(weights: ArrayLike<number>, rows: Float32Array, from: number): number {
  const width = weights.length - 1;
  let sum = weights[width];
  for (let j = 0; j < width; j++) sum += weights[j] * rows[from + j];
  return 1 / (1 + Math.exp(-sum));
}

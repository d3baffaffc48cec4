/** What images cost, in nats: the same formulas as in the package's `probability`. */

/** The likelihoods: -log p(x | z) of one channel of a pixel, pixels from 0 to 1. */
const DISTORTIONS = {
  bernoulli: (x, { logits }) => (i) => softplus(logits[i]) - logits[i] * x[i],
  gaussian: (x, { mean, log_scale: s }) => (i) => {
    const scale = s[i % s.length];
    return 0.5 * ((x[i] - mean[i]) * Math.exp(-scale)) ** 2 + scale + 0.5 * Math.log(2 * Math.PI);
  },
  laplace: (x, { mean, log_scale: s }) => (i) => {
    const scale = s[i % s.length];
    return Math.abs(x[i] - mean[i]) * Math.exp(-scale) + scale + Math.LN2;
  },
  logistic: (x, { mean, log_scale: s, mixture_logits: logits, means, log_scales: scales }) => {
    if (!means) return (i) => -logisticLogMass(x[i], mean[i], s[i % s.length]);
    const components = means.length / x.length;
    return (i) => {
      const of = (values) => values.slice(i * components, (i + 1) * components);
      const weights = of(logits);
      const [centres, widths] = [of(means), of(scales)];
      const masses = weights.map((weight, k) => weight + logisticLogMass(x[i], centres[k], widths[k]));
      return logSumExp(weights) - logSumExp(masses);
    };
  },
};

const HALF_LEVEL = 0.5 / 255;

/** Log of the mass of a logistic over the bin of an 8-bit level; the lowest and the highest stand for all beyond. */
function logisticLogMass(x, mean, logScale) {
  const precision = Math.exp(-logScale);
  const belowUpper = x < 1 ? softplus((mean - x - HALF_LEVEL) * precision) : 0;
  const aboveLower = x > 0 ? softplus((x - mean - HALF_LEVEL) * precision) : 0;
  const both = x > 0 && x < 1 ? Math.log(-Math.expm1(-2 * HALF_LEVEL * precision)) : 0;
  return both - belowUpper - aboveLower;
}

function logSumExp(values) {
  const most = values.reduce((a, b) => Math.max(a, b));
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

/**
 * -log p(x | z), summed over the image.
 * @param {string} likelihood  "bernoulli", "gaussian", "laplace" or "logistic", one or a mixture.
 * @param {Float32Array} x  The image, from 0 to 1.
 * @param {Object<string, ArrayLike<number>>} parameters  As the decoder gives them; `log_scale` may be one number for all.
 */
export function distortionOf(likelihood, x, parameters) {
  const at = DISTORTIONS[likelihood](x, parameters);
  return x.reduce((sum, _, i) => sum + at(i), 0);
}

/** KL divergence of a diagonal Gaussian from the standard normal (Kingma and Welling 2014, appendix B). */
export function rateOf(mean, logVariance) {
  return mean.reduce((sum, value, k) => sum + 0.5 * (value ** 2 + Math.exp(logVariance[k]) - 1 - logVariance[k]), 0);
}

function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

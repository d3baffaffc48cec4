/** What pictures cost, in nats: the same sums as in the package's `probability`. */

/** The likelihoods: -log p(x | z) of one number of a picture, pixels from 0 to 1. */
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
};

/**
 * -log p(x | z), summed over the picture.
 * @param {string} likelihood  "bernoulli", "gaussian" or "laplace".
 * @param {Float32Array} x  The picture, from 0 to 1.
 * @param {Object<string, ArrayLike<number>>} parameters  As the decoder gives them; `log_scale` may be one number for all.
 */
export function distortionOf(likelihood, x, parameters) {
  const at = DISTORTIONS[likelihood](x, parameters);
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += at(i);
  return sum;
}

/** KL divergence of a diagonal Gaussian from the standard normal (Kingma and Welling 2014, appendix B). */
export function rateOf(mean, logVariance) {
  let sum = 0;
  for (let k = 0; k < mean.length; k++) {
    sum += 0.5 * (mean[k] ** 2 + Math.exp(logVariance[k]) - 1 - logVariance[k]);
  }
  return sum;
}

function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * Networks, computed in the page without a library or a server.
 *
 * A program comes from a run's graph by `export/translation.py`: buffers of numbers, and steps that each read some and fill
 * one.  It runs one input at a time.  The buffer of an image has its rows in order, with the channels of a pixel adjacent,
 * so that the loops below go through memory in order.
 */

import { floatsOf } from "./arrays.js";

/** Functions of one number; `step` holds what settings they have. */
const FUNCTIONS = {
  Abs: () => Math.abs,
  Elu: ({ alpha }) => (x) => (x < 0 ? alpha * Math.expm1(x) : x),
  Erf: () => erf,
  Exp: () => Math.exp,
  Floor: () => Math.floor,
  Gelu: ({ approximate }) =>
    approximate === "tanh"
      ? (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
      : (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  LeakyRelu: ({ alpha }) => (x) => (x < 0 ? alpha * x : x),
  Log: () => Math.log,
  Neg: () => (x) => -x,
  Relu: () => (x) => (x < 0 ? 0 : x),
  Round: () => roundHalfToEven,
  Sigmoid: () => (x) => 1 / (1 + Math.exp(-x)),
  Softplus: () => (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  Sqrt: () => Math.sqrt,
  Tanh: () => Math.tanh,
  Trunc: () => Math.trunc,
};

/** Functions of two numbers. */
const ARITHMETIC = {
  Add: (a, b) => a + b,
  Div: (a, b) => a / b,
  Greater: (a, b) => (a > b ? 1 : 0),
  Less: (a, b) => (a < b ? 1 : 0),
  Max: Math.max,
  Min: Math.min,
  Mul: (a, b) => a * b,
  Pow: Math.pow,
  Sub: (a, b) => a - b,
};

/** Functions of some numbers that stand side by side: where they are, how many, and where the results go. */
const FOLDS = {
  ReduceSum: (from, start, length, to, group) => {
    let sum = 0;
    for (let i = start; i < start + length; i++) sum += from[i];
    to[group] = sum;
  },
  Softmax: (from, start, length, to) => {
    let most = from[start];
    for (let i = start; i < start + length; i++) most = Math.max(most, from[i]);
    let sum = 0;
    for (let i = start; i < start + length; i++) sum += Math.exp(from[i] - most);
    for (let i = start; i < start + length; i++) to[i] = Math.exp(from[i] - most) / sum;
  },
};

/** What each kind of step makes of the program's buffers and weights: a function to call for every input. */
const STEPS = { apply, combine, convolve, fold, gather, multiply };

/** One network; it keeps its buffers, so it does one thing at a time. */
export class Network {
  /** @param {Object} program  As `Program.to_json` gives it. */
  constructor(program) {
    const weights = floatsOf(program.weights, program.precision);
    const weight = ([start, length]) => weights.subarray(start, start + length);
    const buffers = program.lengths.map((length) => new Float32Array(length));
    this.input = buffers[0];
    this.steps = program.steps.map((step) => STEPS[step.do](step, buffers, weight));
    this.outputs = Object.fromEntries(
      Object.entries(program.outputs).map(([name, output]) => [name, operand(output, buffers, weight)]),
    );
  }

  /**
   * @param {ArrayLike<number>} values  One input.
   * @returns {Object<string, Float32Array>}  Outputs by name; they last until the next call.
   */
  run(values) {
    this.input.set(values);
    for (const step of this.steps) step();
    return this.outputs;
  }
}

function apply(step, buffers) {
  const from = buffers[step.from];
  const to = buffers[step.to];
  const value = FUNCTIONS[step.function](step);
  return () => {
    for (let i = 0; i < to.length; i++) to[i] = value(from[i]);
  };
}

/** What a step or an output speaks of: a buffer, or a weight. */
function operand(one, buffers, weight) {
  return "buffer" in one ? buffers[one.buffer] : weight(one.weight);
}

/** Two operands, number by number; a weight that is shorter than the buffer begins again at its end. */
function combine(step, buffers, weight) {
  const to = buffers[step.to];
  const [first, second] = step.operands.map((one) => operand(one, buffers, weight));
  const value = ARITHMETIC[step.function];
  return () => {
    for (let i = 0, j = 0, k = 0; i < to.length; i++) {
      to[i] = value(first[j], second[k]);
      if (++j === first.length) j = 0;
      if (++k === second.length) k = 0;
    }
  };
}

/** What is done to every `step.length` numbers. */
function fold(step, buffers) {
  const from = buffers[step.from];
  const to = buffers[step.to];
  const { length } = step;
  const value = FOLDS[step.function];
  return () => {
    for (let start = 0, group = 0; start < from.length; start += length, group++) value(from, start, length, to, group);
  };
}

/** Numbers from where the tables say: the place of each is the sum of its row's, its column's and so on; -1 is a zero. */
function gather(step, buffers) {
  const from = buffers[step.from];
  const to = buffers[step.to];
  const { tables } = step;
  const last = Int32Array.from(tables.at(-1));
  return () => {
    let next = 0;
    const walk = (axis, place) => {
      if (axis === tables.length - 1) {
        for (let i = 0; i < last.length; i++) to[next++] = place < 0 || last[i] < 0 ? 0 : from[place + last[i]];
        return;
      }
      for (const offset of tables[axis]) walk(axis + 1, place < 0 || offset < 0 ? -1 : place + offset);
    };
    walk(0, 0);
  };
}

/** A row of numbers times a matrix: weights `(outputs, inputs)`. */
function multiply(step, buffers, weight) {
  const from = buffers[step.from];
  const to = buffers[step.to];
  const matrix = weight(step.weight);
  const bias = weight(step.bias);
  const width = from.length;
  return () => {
    let row = 0;
    for (let output = 0; output < to.length; output++) {
      let sum = bias[output];
      for (let i = 0; i < width; i++) sum += from[i] * matrix[row++];
      to[output] = sum;
    }
  };
}

/**
 * A convolution or a transposed one, weights `(output channels, kernel rows, kernel columns, input channels)`.
 *
 * Both are sums over pairs of an input pixel and a place in the kernel; they differ in which pairs meet in an output
 * pixel, and that is worked out once for its row and once for its column.  `step.rows` and `step.columns` say where in
 * the buffer each row and column of the input begins (-1: a border of zeros), so that cropped, padded and repeated
 * images are read where they stand.
 */
function convolve(step, buffers, weight) {
  const from = buffers[step.from];
  const to = buffers[step.to];
  const kernel = weight(step.weight);
  const bias = weight(step.bias);
  const { depth } = step;
  const [height, width, channels] = step.size;
  const rows = pairs(step, 0, height, step.rows, step.kernel[1] * depth);
  const columns = pairs(step, 1, width, step.columns, depth);
  const size = step.kernel[0] * step.kernel[1] * depth;
  const blocks = channels - (channels % 4);
  return () => {
    // Four output channels at once: each number of the input is read once for four products, and their part of the
    // weights stays near while all pixels go by.
    for (let channel = 0; channel < blocks; channel += 4) {
      for (let y = 0, next = channel; y < height; y++) {
        const down = rows[y];
        for (let x = 0; x < width; x++, next += channels) {
          const across = columns[x];
          let a = bias[channel];
          let b = bias[channel + 1];
          let c = bias[channel + 2];
          let d = bias[channel + 3];
          for (let r = 0; r < down.length; r += 2) {
            for (let s = 0; s < across.length; s += 2) {
              let i = down[r] + across[s];
              let p = channel * size + down[r + 1] + across[s + 1];
              let q = p + size;
              let u = q + size;
              let v = u + size;
              for (const end = i + depth; i < end; i++) {
                const value = from[i];
                a += value * kernel[p++];
                b += value * kernel[q++];
                c += value * kernel[u++];
                d += value * kernel[v++];
              }
            }
          }
          to[next] = a;
          to[next + 1] = b;
          to[next + 2] = c;
          to[next + 3] = d;
        }
      }
    }
    for (let channel = blocks; channel < channels; channel++) {
      for (let y = 0, next = channel; y < height; y++) {
        const down = rows[y];
        for (let x = 0; x < width; x++, next += channels) {
          const across = columns[x];
          let sum = bias[channel];
          for (let r = 0; r < down.length; r += 2) {
            for (let s = 0; s < across.length; s += 2) {
              let i = down[r] + across[s];
              let p = channel * size + down[r + 1] + across[s + 1];
              for (const end = i + depth; i < end; i++) sum += from[i] * kernel[p++];
            }
          }
          to[next] = sum;
        }
      }
    }
  };
}

/** For each output row (or column): where in the input and where in the kernel to read, by turns. */
function pairs(step, axis, length, places, stride) {
  const { transposed } = step;
  const hop = step.strides[axis];
  const pad = step.pads[axis];
  return Array.from({ length }, (_, output) => {
    const found = [];
    for (let tap = 0; tap < step.kernel[axis]; tap++) {
      const input = transposed ? (output + pad - tap) / hop : output * hop - pad + tap;
      // Where a transposed convolution leaves a gap, `input` is no whole number and there is no such place.
      if (places[input] >= 0) found.push(places[input], tap * stride);
    }
    return Int32Array.from(found);
  });
}

function roundHalfToEven(x) {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** The error function, as its series exp(-x^2) sum of (2x^2)^n / (2n + 1)!!, whose terms are all positive. */
function erf(x) {
  if (Math.abs(x) > 4) return Math.sign(x); // within 2e-8
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-9 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * The interface between the page and a model.
 *
 * The page runs networks and calls the server only through an object of this shape.  `ServerModel`
 * (server_model.js) asks the server of `isthmus explore`, and `LocalModel` (local_model.js) the data of an exported page.
 * `start(model)` of app.js opens the page on either.
 *
 * Every method is asynchronous.  A method that fails rejects with an `Error` whose message is a sentence that the
 * page shows.  Arrays are flat and in C order: the code of image `i` is `codes.subarray(i * dim, (i + 1) * dim)`.
 * Pixels are always 8-bit, whatever the network takes.  Rates and distortions are in nats.
 *
 * @typedef {Object} Images  One or more images of one size.
 * @property {number} count
 * @property {number} height
 * @property {number} width
 * @property {number} channels  1 (grey), 3 (RGB) or 4 (RGB and alpha).
 * @property {Uint8Array} pixels  count x height x width x channels.
 *
 * @typedef {Object} Capabilities  The optional methods that are available; the page hides the others.
 * @property {boolean} encode      `encode` is there.
 * @property {boolean} points      `points`, `pointImages` and `projection` are there.
 * @property {boolean} distortions `distortions` is there.
 * @property {boolean} neighbours  `neighbours` is there.
 * @property {boolean} prepare     `prepare` is there: image files preprocessed as for training.
 *
 * @typedef {Object} Description
 * @property {string} name         The name of the run.
 * @property {string} recipe       The name of its recipe.
 * @property {string} summary      What the recipe is for, in a line; may be empty.
 * @property {{height: number, width: number, channels: number}} image  As displayed.
 * @property {string} falseColour  Which channels are displayed in which colours, where there are others; may be empty.
 * @property {number} latentDim    The number of latent dimensions.
 * @property {boolean} hasRate     False for a plain autoencoder: no posterior, no prior, rates are all 0.
 * @property {boolean} hasStandardPrior  Whether codes are measured against a standard normal prior.
 * @property {boolean} isLikelihood  Whether distortion + rate is a negative ELBO; if not, it is the loss and no bound.
 * @property {string} likelihood   "bernoulli", "gaussian", "laplace" or "logistic".
 * @property {string[]} labels     The class names, by label; may be empty.
 * @property {number[]} start      The code of a typical training image, (latentDim): where the page opens.
 * @property {number[]} centre     The mean of latent codes, (latentDim): zeros where there is a prior.
 * @property {number[]} deviation  Their standard deviations, (latentDim): ones where there is a prior.
 * @property {{what: string, count: number}|null} data  The images of the scatter plot; null while unknown, or where
 *                                 there are none: `points` says which.
 * @property {string} note         Why there are none, in a sentence; may be empty.
 * @property {string[]} projections  The available projections, the default first: "latent" (the codes, up to two
 *                                 dimensions), "pca", "umap".
 * @property {Capabilities} capabilities
 *
 * @typedef {Object} Posterior     The result of `encode`.
 * @property {Float32Array} mean         count x latentDim.
 * @property {Float32Array|null} logVariance  count x latentDim; null where there is no rate.
 * @property {Float32Array} rate         count; KL of the posterior from the prior.
 * @property {Float32Array} distortion   count; -log p(x | z), averaged over some draws of the posterior.
 *
 * @typedef {Object} Points        The images of the scatter plot.
 * @property {string} what               A description of the images: "test images of mnist".
 * @property {number} count
 * @property {Float32Array} codes        count x latentDim: posterior means.
 * @property {Int32Array|null} labels    count; an index of `Description.labels`, or beyond for classes that the run does not know.
 * @property {string[]} names            count.
 * @property {Float32Array} rate         count.
 * @property {Float32Array} information  latentDim: information per dimension, for sorting: its mean KL, or its
 *                                       variance where there is no rate.
 *
 * @typedef {Object} Projection    A projection of codes to a plane.
 * @property {"linear"|"embedding"} kind  Linear: x = (code - centre) . axis.  Embedding: places without a formula.
 * @property {Float32Array} x            count.
 * @property {Float32Array} y            count.
 * @property {Float32Array|null} axes    2 x latentDim, orthonormal (the second is zeros for a latent of one dimension).
 * @property {Float32Array|null} centre  latentDim.
 * @property {[string, string]} names    The names of the axes.
 *
 * @typedef {Object} Neighbours    Nearest first.
 * @property {Int32Array} indices        Into the points.
 * @property {Float32Array} distances    Euclidean, between codes.
 *
 * @typedef {(done: number, total: number) => void} Progress
 *
 * @typedef {Object} Model
 * @property {() => Promise<Description>} describe  Quick: the page can show nothing before it.
 * @property {(codes: Float32Array, count: number) => Promise<Images>} decode
 *     The images of codes (count x latentDim).  Called while a finger moves: milliseconds matter.
 * @property {(pixels: Uint8Array, count: number) => Promise<Posterior>} [encode]
 *     The codes of images (count x height x width x channels of `Description.image`), and what they cost.
 * @property {(progress?: Progress) => Promise<Points>} [points]  Resolves when they are all there; rejects
 *     with the reason where there are none.
 * @property {(name: string, progress?: Progress) => Promise<Projection>} [projection]  One of `projections`.
 * @property {(indices: Int32Array) => Promise<Images>} [pointImages]  The images of some points, in that order.
 * @property {(progress?: Progress) => Promise<Float32Array>} [distortions]
 *     The distortion of each point, count; apart from `points`, since it takes a decoding of each.
 * @property {(code: Float32Array, count: number) => Promise<Neighbours>} [neighbours]
 * @property {(count: number, label: number|null, seed: number) => Promise<Float32Array>} sample
 *     Codes, count x latentDim, of images like the training images, or of one label's; the same for the same seed.
 * @property {(file: Blob) => Promise<Images>} [prepare]  One image, of `Description.image`.
 */

/**
 * Some of several images, one after the other.
 * @param {Images} images
 * @param {number} start
 * @param {number} count
 * @returns {Images} A view, not a copy.
 */
export function imagesAt(images, start, count = 1) {
  const size = images.height * images.width * images.channels;
  return { ...images, count, pixels: images.pixels.subarray(start * size, (start + count) * size) };
}

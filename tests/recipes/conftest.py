import pytest
from hypothesis import strategies as st

from isthmus import recipes as r
from isthmus.recipes.networks import Activation

POSITIVE = st.floats(0.0, exclude_min=True, allow_infinity=False)
FRACTION = st.floats(0.0, 1.0, exclude_max=True)
COUNT = st.integers(1, 10**6)
WIDTHS = st.lists(COUNT, min_size=1, max_size=5).map(tuple)
ACTIVATIONS = st.sampled_from(Activation.__args__)


@st.composite
def upsample_networks(draw):
    strides = draw(st.lists(st.sampled_from([1, 2]), min_size=1, max_size=5))
    widths = st.lists(COUNT, min_size=len(strides), max_size=len(strides)).map(tuple)
    after = strides.count(2) + 1
    return r.UpsampleNetwork(
        filters=draw(widths),
        strides=tuple(strides),
        kernel=draw(COUNT),
        stem_filters=draw(COUNT),
        decoder_filters=draw(st.lists(COUNT, min_size=after, max_size=after).map(tuple)),
        activation=draw(ACTIVATIONS),
    )


def networks():
    return st.one_of(
        st.builds(r.DenseNetwork, units=st.lists(COUNT, max_size=5).map(tuple), activation=ACTIVATIONS),
        st.builds(
            r.ConvNetwork,
            filters=WIDTHS,
            kernel=COUNT,
            padding=st.sampled_from(["same", "valid"]),
            stem_filters=COUNT,
            activation=ACTIVATIONS,
        ),
        upsample_networks(),
        st.builds(r.ResidualNetwork, patch=COUNT, filters=WIDTHS, blocks=COUNT, kernel=COUNT, activation=ACTIVATIONS),
        st.just(r.CustomNetwork()),
    )


def augmentations():
    return st.builds(
        r.Augmentation,
        flip_horizontal=st.booleans(),
        flip_vertical=st.booleans(),
        shift=st.floats(0.0, 0.5),
        crop=st.floats(0.0, 0.9),
        rotation=st.floats(0.0, 180.0),
        brightness=FRACTION,
    )


@st.composite
def trainings(draw):
    optimiser = draw(st.sampled_from(["adam", "muon", "sgd"]))
    validation = draw(FRACTION)
    return r.Training(
        epochs=draw(COUNT),
        batch_size=draw(COUNT),
        optimiser=optimiser,
        momentum=draw(FRACTION) if optimiser == "sgd" else 0.0,
        adam_betas=draw(st.tuples(FRACTION, FRACTION)) if optimiser != "sgd" else (0.9, 0.999),
        learning_rate=draw(POSITIVE),
        schedule=draw(st.sampled_from(["constant", "cosine"])),
        warmup_fraction=draw(FRACTION),
        clip_norm=draw(st.none() | POSITIVE),
        accumulation=draw(COUNT),
        ema=draw(FRACTION),
        validation_fraction=validation,
        patience=draw(st.none() | COUNT) if validation else None,
        seed=draw(st.integers(0, 2**31 - 1)),
    )


@st.composite
def likelihoods(draw):
    family = draw(st.sampled_from([r.BernoulliLikelihood, r.GaussianLikelihood, r.LaplaceLikelihood]))
    if family is r.BernoulliLikelihood:
        return family()
    scale = draw(st.sampled_from(["fixed", "shared", "per-pixel"]))
    return family(scale=scale, sigma=draw(POSITIVE), mean=draw(st.sampled_from(["free", "sigmoid"])))


@st.composite
def random_recipes(draw):
    training, likelihood = draw(trainings()), draw(likelihoods())
    binarise = draw(st.sampled_from(["none", "threshold", "stochastic"])) if likelihood.kind == "bernoulli" else "none"
    threshold = draw(st.floats(0.0, 1.0, exclude_min=True, exclude_max=True)) if binarise == "threshold" else 0.5
    prior = r.StandardNormalPrior()
    if draw(st.booleans()):
        latent, objective = r.PointLatent(dim=draw(COUNT), activation=draw(ACTIVATIONS)), r.ELBO()
    elif draw(st.booleans()):
        latent, objective = r.GaussianLatent(dim=draw(COUNT)), r.IWAE(draws=draw(st.integers(1, 1000)))
        prior = r.MixturePrior(components=draw(st.integers(1, 1000)))
    else:
        latent = r.GaussianLatent(dim=draw(COUNT), epsilon_std=draw(POSITIVE))
        objective = r.ELBO(
            estimator=draw(st.sampled_from(["closed-form", "monte-carlo"])),
            beta=draw(st.floats(0.0, allow_infinity=False)),
            beta_warmup_epochs=draw(st.floats(0.0, float(training.epochs))),
        )
    mixture = draw(st.booleans())
    return r.Recipe(
        name=draw(st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,63}\Z")),
        summary=draw(st.text(max_size=50)),
        pixels=r.Pixels(dtype=draw(st.sampled_from(["uint8", "float32"])), binarise=binarise, threshold=threshold),
        augmentation=draw(augmentations()),
        network=draw(networks()),
        latent=latent,
        prior=prior,
        likelihood=likelihood,
        objective=objective,
        training=training,
        codes=r.CodeDensity(kind="mixture", components=draw(st.integers(1, 1000))) if mixture else r.CodeDensity(),
    )


@pytest.fixture(scope="session")
def any_recipe():
    """A Hypothesis strategy for every recipe that can be."""
    return random_recipes()

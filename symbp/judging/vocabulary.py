"""Names that people give to what a network has: plain spelling, the words of each thing, gradients."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from symbp.symbols import Role, Variable

PARAMETERS = (Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT)

_SPLIT = re.compile(r"[^a-z0-9]+")


def plain_name(name: str) -> str:
    """Return a name without case and separators, so that ``X_train`` and ``xtrain`` are one."""
    return _SPLIT.sub("", name.lower())


def by_plain_name(known: Mapping[str, Variable]) -> dict[str, str]:
    """Return names by their plain spelling; where two share one, as a bias b1 and BatchNorm's B1, the parameter's."""
    ordered = sorted(known, key=lambda name: known[name].role in PARAMETERS)
    return {plain_name(name): name for name in ordered}


_WORDS: Mapping[str, str] = {
    "parameters": "parameters params param parameter theta thetas model network net layers weightsandbiases wb p "
    "pars nnparams unrolled paramdict weightsdict flat flatparams thetavec vec",
    "weights": "weights w ws weightmatrices thetas syns",
    "biases": "biases bias b bs offsets",
    "cache": "cache caches forwardcache intermediates activations memory ctx context saved values forward "
    "tape store fwd res residuals residual aux stash state states acts",
    "inputs": "x inputs input data features xtrain xbatch batchx xs inp examples a0 sample image images xt "
    "inputslist img tokens seq sequence",
    "targets": "y targets target labels label t ytrue onehoty onehot ytrain ybatch batchy ys truth groundtruth "
    "yonehot d targetslist expected desired classes classidx tgt",
    "output": "al yhat ypred predictions prediction pred output outputs out probs probabilities p o ahat scores logits",
    "pairs": "batch minibatch trainingdata samples pairs dataset",
    "count": "m batchsize nexamples numexamples nsamples numsamples n nex batch",
    "penalty": "reg lam lambd lambda l2 l2reg weightdecay decay regstrength regularization lamb wd regparam "
    "regularisation l2lambda reglambda lmbda",
    "keep": "keepprob keep pkeep keepprobability retain retainprob dropoutkeep keeprate",
    "drop": "dropprob pdrop droprate dropoutrate dropout dropoutratio",
    "epsilon": "eps epsilon",
    "rate": "learningrate lr alpha eta rate stepsize",
    "momentum": "momentum mu beta1",
    "sizes": "sizes layersizes layerdims dims dimensions layersdims arch architecture structure units widths "
    "nodes neurons layer layers shape sizelist layout topology",
    "steps": "tx seqlen steps numsteps seqlength",
    "config": "convparam poolparam bnparam lnparam gnparam hparameters hparams config options settings param "
    "dropoutparam",
}

WORDS: Mapping[str, tuple[str, ...]] = {
    word: tuple(kind for kind, words in _WORDS.items() if word in words.split())
    for word in dict.fromkeys(" ".join(_WORDS.values()).split())
}
"""What an argument of a name may be, the likeliest first, in plain spelling."""

_STATE = "(h|s|a|state|hidden|c|cell)"

PREVIOUS = re.compile(
    rf"{_STATE}_?(prev|previous|0|init|in|last|tm1|t_1|old)|(prev|init|last|old)_?{_STATE}\w*", re.IGNORECASE
)
"""Names of the state before: h_prev, c0."""

SIZE = re.compile(r"size|num|dim|^n_|units|nodes|neurons", re.IGNORECASE)
"""What names of numbers of units have in them."""

SIZE_WORDS: Sequence[tuple[re.Pattern[str], int]] = (
    (re.compile(r"in(put)?|vocab|word|feat|n_?x|d_?in|^x|^nx|^n0|visible|^D$|vis", re.IGNORECASE), 0),
    (re.compile(r"out(put)?|class|label|n_?y|^C$|^K$", re.IGNORECASE), -1),
    (re.compile(r"hid|^h$|n_?h|unit|code|latent|^M$|^H$", re.IGNORECASE), 1),
)
"""Which of the widths an argument of a constructor names: the first, the last, one between."""

ONLY: Mapping[Role, tuple[str, ...]] = {
    Role.SCALE: ("gamma", "scale", "weight"),
    Role.SHIFT: ("beta", "shift", "bias", "b", "offset"),
    Role.WEIGHT: ("weight", "kernel", "kernels", "filters", "filter", "k", "f", "w"),
    Role.BIAS: ("bias", "b"),
}
"""What the only parameter of a role is called too."""

"""A file of weights in one sentence: what it is of, where it was saved, how far it was trained."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from core.files.contents import Contents, WeightSet
from core.files.naming import WRITTEN_BY, unwrapped
from core.files.optimizers import optimizer_name, optimizers_in, parameters_of
from core.files.told import told
from core.files.which import Guess, which

_SURE, _LIKELY = 0.9, 0.6  # shares of the tensors from which a model is called by its name
_KINDS = {
    "state dict": "State dict",
    "training checkpoint": "Training checkpoint",
    "Lightning checkpoint": "Lightning checkpoint",
    "whole model": "Whole model",
    "optimizer state": "Optimizer state",
    "exported program": "Exported program",
    "TorchScript": "TorchScript program",
    "ONNX model": "ONNX model",
}
_PROGRESS = {
    "epoch": ("epoch", "epochs", "last_epoch", "start_epoch"),
    "step": ("global_step", "step", "iteration", "iter", "steps"),
}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
_MOST = 10**12  # a longer number counts no epochs
_COUNTERS = re.compile(r"(^|\.)num_batches_tracked$")


def in_a_sentence(contents: Contents, guesses: Sequence[Guess] | None = None) -> str:
    """Say what a file is: ``"Training checkpoint of a resnet50 with 10 classes, epoch 37, Adam"``.

    ``guesses`` are what :func:`core.files.which.which` says of its weights; looked up if not given.
    What cannot be told is left out: how many GPUs DataParallel used does not stand in a file.
    """
    weights = next(iter(contents.weights), None)
    if guesses is None:
        guesses = which({n: t.shape for n, t in weights.tensors.items()}) if weights else ()
    parts = [_what(contents, weights, guesses)]
    if weights is not None:
        parts += _saved(contents, weights)
    if any(each.averaged for each in contents.weights):
        both = not all(each.averaged for each in contents.weights)
        parts.append(f"{'with' if both else 'of'} a moving average of the weights")
    parts += _progress(contents)
    names = (optimizer_name(each) for each in optimizers_in(contents.tree))
    parts += dict.fromkeys(name for name in names if name)
    return ", ".join(parts)


def _what(contents: Contents, weights: WeightSet | None, guesses: Sequence[Guess]) -> str:
    kind = _KINDS.get(contents.kind)
    if contents.kind == "optimizer state":
        count = sum(map(parameters_of, optimizers_in(contents.tree)))
        return f"{kind} of {_counted(count, 'parameter')}"
    if kind is None or weights is None:
        count = len(contents.tensors)
        if not count:
            if isinstance(contents.tree, dict | list | tuple) and not contents.tree:
                return "Nothing: what was saved is empty"
            return f"No tensors, only {_listed(list(contents.values)) or told(contents.tree)}"
        about = _counted(count, "tensor")
        return f"{kind} of {about}" if kind else about[0].upper() + about[1:]
    model = _model(guesses[0]) if guesses and guesses[0].share >= _LIKELY else ""
    of_class = weights.module.rpartition(".")[2] if weights.module else ""
    if model and of_class:
        return f"{kind} of class {of_class}, {model}"
    return f"{kind} of {model or (f'class {of_class}' if of_class else _unknown(weights))}"


def _model(guess: Guess) -> str:
    name, _, given = guess.source.partition("(")
    name = name.rpartition(":")[2]
    article = "an" if name[:1] in "aeio" else "a"
    text = f"{article} {name}" if guess.share >= _SURE else f"something like {article} {name}"
    classes = re.search(r"n(?:um)?_classes=(\d+)", given)
    if classes is not None and guess.alike:
        return f"{text} with {int(classes[1]):,} classes"
    parts = [name for name in guess.missing if not _COUNTERS.search(name)]
    if parts and guess.share >= _SURE:
        text += f" without {_listed(_tops(parts))}"
    elif guess.differs and guess.share >= _SURE:
        text += f" with another {_listed(list(dict.fromkeys(n for n, _, _ in guess.differs)))}"
    return text


def _unknown(weights: WeightSet) -> str:
    names, _ = unwrapped(weights.tensors)
    count = sum(each.numel for each in weights.tensors.values())
    tops = _listed(_tops(list(names.values())))
    return f"an unknown model of {_counted(len(names), 'tensor')}, {_round(count)} values ({tops})"


def _saved(contents: Contents, weights: WeightSet) -> Iterator[str]:
    kinds = Counter(
        device.partition(":")[0] for device in {each.device for each in contents.tensors.values()}
    )
    gpus = kinds["cuda"] + kinds["mps"] + kinds["xpu"]
    wrappers = list(weights.wrappers) or _wrappers(weights)
    where = {0: "", 1: "a GPU"}.get(gpus, f"{_number(gpus)} GPUs")
    if wrappers:
        where = where or ("the CPU" if kinds["cpu"] else "")
        inside = f"with {' and '.join(wrappers)}"
        yield f"saved from {where} {inside}" if where else f"saved {inside}"
    elif where:
        yield f"saved from {where}"


def _wrappers(weights: WeightSet) -> list[str]:
    _, places = unwrapped(weights.tensors)
    last = (place.rstrip(".").rpartition(".")[2] for place in places)
    return list(dict.fromkeys(WRITTEN_BY.get(each, "DataParallel") for each in last))


def _progress(contents: Contents) -> Iterator[str]:
    tree = contents.tree if isinstance(contents.tree, dict) else {}
    for word, keys in _PROGRESS.items():
        found = (tree[key] for key in keys if key in tree)
        number = next((n for n in found if type(n) is int and abs(n) < _MOST), None)
        if number is not None and contents.kind in ("training checkpoint", "Lightning checkpoint"):
            yield f"{word} {number:,}"


def _tops(names: list[str]) -> list[str]:
    return list(dict.fromkeys(name.partition(".")[0] for name in names))


def _listed(names: list[str]) -> str:
    names = [name if len(name) <= 40 else f"{name[:39]}…" for name in names]
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _counted(count: int, what: str) -> str:
    return f"{_number(count)} {what}{'' if count == 1 else 's'}"


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"


def _round(count: int) -> str:
    for size, word in ((10**9, "billion"), (10**6, "million")):
        if count >= size:
            return f"{count / size:.1f} {word}"
    return f"{count:,}"

"""Finding layers by a few letters, as a palette does."""

import re

from core.catalog.layers import Layer, layers

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+d?")

# What people call layers that PyTorch calls otherwise.
_ALSO = {
    "UNet": "u-net segmentation",
    "EncoderUNet": "u-net segmentation backbone",
    "SEBlock": "squeeze-excitation senet",
    "SiLU": "swish",
    "Hardswish": "hswish",
    "SqueezeExcitation": "se block",
    "StochasticDepth": "drop path droppath",
    "ConvTranspose2d": "deconvolution deconv upconv",
    "MultiheadAttention": "mha self-attention",
    "Linear": "dense fully connected fc mlp",
    "Upsample": "resize interpolate",
    "Identity": "nothing skip none",
    "BatchNorm2d": "bn",
    "LayerNorm": "ln",
    "GroupNorm": "gn",
    "AdaptiveAvgPool2d": "global average pooling gap",
}


def search(text: str = "") -> list[Layer]:
    """Return the layers that fit every word of ``text``, best first; all of them for ``""``.

    A word may be part of a name (``norm``), its letters in order (``bn2d``), a group
    (``pooling``), or stand in the summary.
    """
    words = text.lower().replace("nn.", "").split()
    if not words:
        return list(layers().values())
    scored = []
    for place, layer in enumerate(layers().values()):
        scores = [_score(layer, word) for word in words]
        if all(scores):
            scored.append((-sum(scores), len(layer.name), place, layer))
    return [each[-1] for each in sorted(scored, key=lambda each: each[:-1])]


def _score(layer: Layer, word: str) -> int:
    name = layer.name.lower()
    parts = [each.lower() for each in _PARTS.findall(layer.name)]
    if name == word:
        return 100
    if name.startswith(word):
        return 80
    if any(part.startswith(word) for part in parts):
        return 70
    also = _ALSO.get(layer.name, "").split()
    if word in also:
        return 65
    if len(word) > 1 and word in name:
        return 60
    if any(each.startswith(word) for each in layer.group.lower().split()):
        return 40
    if _is_initials(word, parts):
        return 30
    if len(word) > 2 and any(each.startswith(word) for each in _words(layer.summary)):
        return 15
    return 0


def _words(text: str) -> list[str]:
    return re.findall(r"[\w-]+", text.lower())


def _is_initials(word: str, parts: list[str]) -> bool:
    """``bn2d`` -> BatchNorm2d, ``aap`` -> AdaptiveAvgPool2d: each part gives some first letters."""
    if not word:
        return True
    if not parts:
        return False
    head, rest = parts[0], parts[1:]
    return any(
        head.startswith(word[:taken]) and _is_initials(word[taken:], rest)
        for taken in range(1, min(len(head), len(word)) + 1)
    )

"""Finding a layer by what one remembers of it."""

import re

from core.catalog.layers import Layer, layers


def search(text: str = "") -> list[Layer]:
    """Return the layers that match every word of ``text``, best first; all of them for ``""``.

    A word counts most in the name, then in the group, then in the summary.
    """
    words = text.lower().split()
    ranked = []
    for layer in layers().values():
        scores = [_score(word, layer) for word in words]
        if all(scores):
            ranked.append((-sum(scores), layer.group if not words else "", layer.name, layer))
    return [layer for *_, layer in sorted(ranked, key=lambda entry: entry[:3])]


def _score(word: str, layer: Layer) -> int:
    name = layer.name.lower()
    parts = [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+d?", layer.name)]
    if word == name:
        return 100
    if name.startswith(word):
        return 60
    if word in parts:
        return 50
    if word in name:
        return 40
    if word in layer.group.lower():
        return 20
    return 5 if word in layer.summary.lower() else 0

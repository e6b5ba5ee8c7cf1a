"""What stands in the palette: layers and heads as plain values, in groups, and found by words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

import core
from app import icons

if TYPE_CHECKING:
    from core.catalog import Layer, Preset

PRESET = "preset:"
FAVOURITES, RECENT, HEADS = "Favourites", "Recent", "Heads"
#: The user's own; the catalog calls the group so.
MY_BLOCKS = "My blocks"
#: What most models are made of comes first; groups that are not here follow the heads.
_ORDER = (
    "Linear", "Convolution", "Normalization", "Activation", "Pooling", "Dropout", "Shape",
    "Container", "Transformer", "Recurrent", "Embedding", "Vision", "Padding", "Shuffle",
    "Distance", "Loss", "torchvision.ops", "Lazy",
)  # fmt: skip
# How nearly every docstring begins; without it, a short line says something.
_OPENING = re.compile(
    r"^(?:Applies|Apply|Creates|Computes|Implements|During training,)\s+(?:(?:an?|the)\s+)?"
)


@dataclass(frozen=True)
class Entry:
    """One thing that can be placed; ``name`` is a layer's, or ``preset:NAME``."""

    name: str
    title: str
    group: str
    kind: str
    summary: str = ""
    arguments: str = ""
    url: str = ""

    @property
    def brief(self) -> str:
        """The summary without the words that each of them begins with, if it says anything."""
        if self.summary.startswith("See "):
            return ""
        opening = _OPENING.match(self.summary)
        if opening is None:
            return self.summary
        rest = self.summary[opening.end() :]
        return rest[:1].upper() + rest[1:]

    @property
    def signature(self) -> str:
        """The name with the arguments that have to be given."""
        return self.title if self.name.startswith(PRESET) else f"{self.title}({self.arguments})"


def entries() -> dict[str, Entry]:
    """Return everything there is by name, heads first. Imports torch."""
    found = [*map(_of_preset, core.presets()), *map(_of_layer, core.layers().values())]
    return {each.name: each for each in found}


def grouped(all_entries: Iterable[Entry]) -> dict[str, tuple[Entry, ...]]:
    """Return the entries by group: heads, then the user's own groups, then PyTorch's."""
    groups: dict[str, list[Entry]] = {}
    for each in all_entries:
        groups.setdefault(each.group, []).append(each)
    return {name: tuple(groups[name]) for name in sorted(groups, key=_rank)}


def found(text: str, all_entries: Mapping[str, Entry]) -> list[Entry]:
    """Return what fits ``text``, best first.

    Layers come as :func:`core.search` orders them; heads stand behind those layers whose very
    names begin with the text, and heads that merely have the words in them at the end.
    """
    typed = " ".join(text.lower().split())
    layers = [all_entries[each.name] for each in core.search(text) if each.name in all_entries]
    heads = [each for each in all_entries.values() if _is_head_with(each, typed.split())]
    near = [each for each in heads if _begins(each, typed)]
    first = [each for each in layers if each.name.lower().startswith(typed)]
    others = [each for each in layers if each not in first]
    return [*first, *near, *others, *(each for each in heads if each not in near)]


def nearest(text: str, all_entries: Mapping[str, Entry], count: int = 3) -> list[str]:
    """Return the titles that ``text`` may have been meant to be."""
    titles = {each.title.lower(): each.title for each in all_entries.values()}
    close = get_close_matches(text.lower().strip(), titles, count, cutoff=0.55)
    return [titles[each] for each in close]


def title_of(group: str) -> str:
    """Return a group's name in the user's language."""
    return QCoreApplication.translate("Palette", group)


def _rank(group: str) -> tuple[int, str]:
    if group == HEADS:
        return (-2, "")
    return (_ORDER.index(group), "") if group in _ORDER else (-1, group)


def _is_head_with(entry: Entry, words: list[str]) -> bool:
    text = f"{entry.name} {entry.title} {entry.group}".lower()
    return entry.name.startswith(PRESET) and all(word in text for word in words)


def _begins(head: Entry, typed: str) -> bool:
    return any(name.lower().startswith(typed) for name in (head.title, head.group))


def _of_layer(layer: "Layer") -> Entry:
    names = [each.name for each in layer.required]
    if any(not each.required and not each.hidden for each in layer.parameters):
        names.append("…")
    kind = icons.kind_of(layer.name)
    return Entry(
        layer.name, layer.name, layer.group, kind, layer.summary, ", ".join(names), layer.url
    )


def _of_preset(preset: "Preset") -> Entry:
    return Entry(PRESET + preset.name, preset.title, preset.group, "head", preset.summary)

"""Every layer that can be placed: all of ``torch.nn``, torchvision's, our blocks, the user's."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar
from weakref import WeakKeyDictionary

from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from core.blocks import BLOCKS
from core.catalog import shelf
from core.catalog.curated import BASES
from core.catalog.parameters import Parameter, parameters_of
from core.catalog.prose import first_sentence
from core.errors import ModelwrightError, SpecError, nearest

M = TypeVar("M", bound=type[nn.Module])

VISION_OPS = "torchvision.ops"
#: The group of what the user has saved as blocks.
MY_BLOCKS = "My blocks"

# The files of torch.nn.modules, by the headings of PyTorch's own documentation.
_GROUPS = {
    "activation": "Activation", "adaptive": "Loss", "batchnorm": "Normalization",
    "channelshuffle": "Shuffle", "container": "Container", "conv": "Convolution",
    "data_parallel": "Container", "distance": "Distance", "dropout": "Dropout",
    "flatten": "Shape", "fold": "Convolution", "instancenorm": "Normalization",
    "linear": "Linear", "loss": "Loss", "normalization": "Normalization", "padding": "Padding",
    "pixelshuffle": "Vision", "pooling": "Pooling", "rnn": "Recurrent", "sparse": "Embedding",
    "transformer": "Transformer", "upsampling": "Vision",
}  # fmt: skip
_PREFIXES = ("torch.nn.modules.", "torch.nn.", "nn.", "torchvision.ops.", "ops.")


@dataclass(frozen=True)
class Layer:
    """A class that can be placed in a model, with what a palette and a form need to know."""

    name: str
    cls: type[nn.Module] = field(repr=False)
    group: str
    summary: str = field(default="", repr=False)
    parameters: tuple[Parameter, ...] = field(default=(), repr=False)
    url: str = field(default="", repr=False)

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter called ``name``, if there is one."""
        return next((each for each in self.parameters if each.name == name), None)

    @property
    def required(self) -> tuple[Parameter, ...]:
        """The parameters without which it cannot be built."""
        return tuple(each for each in self.parameters if each.required)


_registered: dict[str, Layer] = {}
# Weak, so that having asked for a class of a file once does not keep it when the file is reloaded.
_known_classes: WeakKeyDictionary[type[nn.Module], Layer | None] = WeakKeyDictionary()


def register(group: str) -> Callable[[M], M]:
    """Return a class decorator that puts an ``nn.Module`` into the catalog, under its own name.

    Raises :class:`SpecError` where the name is taken, be it by PyTorch.
    """

    def enter(cls: M) -> M:
        name = cls.__name__
        if name in layers():
            raise SpecError(
                f"There is already a layer called {name}, in the group {layers()[name].group}; "
                "give this one another name."
            )
        _registered[name] = _layer(name, cls, group)
        changed()
        return cls

    return enter


def changed() -> None:
    """Look at what there is anew: something was registered, or the user's blocks are others."""
    layers.cache_clear()
    _known_classes.clear()


@functools.cache
def layers() -> Mapping[str, Layer]:
    """Return every layer by name: ``torch.nn``'s, torchvision's, blocks of ours and the user's."""
    known = {**_of_torch(), **_of_torchvision()}
    # Should PyTorch come to have a layer of that name, it means its own by it.
    for more in (_of_blocks(), _registered, _of_the_user()):
        known |= {name: each for name, each in more.items() if name not in known}
    return MappingProxyType(known)


def layer_of(cls: type[nn.Module]) -> Layer | None:
    """Return what is known of a class's constructor: of catalog classes and of their close kin.

    A subclass that leaves ``__init__`` as it was (torchvision's ``LayerNorm2d``) takes the same
    arguments as the layer it comes from.
    """
    if cls not in _known_classes:
        _known_classes[cls] = _inherited(cls)
    return _known_classes[cls]


def _inherited(cls: type[nn.Module]) -> Layer | None:
    for each in cls.__mro__:
        known = _find(each)
        if known is not None:
            return known
        if "__init__" in each.__dict__:
            return None
    return None


def find_layer(name: str) -> Layer:
    """Return the layer called ``name``, with or without ``nn.`` or ``torch.nn.`` before it.

    Raises :class:`SpecError` for anything else, with the nearest names.
    """
    known = layers()
    bare = _bare(name)
    if bare in known:
        return known[bare]
    if bare in BASES:
        raise SpecError(f"{bare} is a base for other layers and is not placed itself.")
    same = [each for each in known if each.lower() == bare.lower()]
    hint = f" Did you mean {same[0]}?" if len(same) == 1 else nearest(bare, known)
    raise SpecError(f"There is no layer called '{name[:80]}'.{hint}")


def _bare(name: str) -> str:
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix).rpartition(".")[2]
    return name


def _find(cls: type[nn.Module]) -> Layer | None:
    known = layers().get(cls.__name__)
    if known is not None and known.cls is cls:
        return known
    if cls.__module__.startswith("torch.nn.") and cls.__name__ not in BASES:
        return _private(cls)
    return None


def _private(cls: type[nn.Module]) -> Layer | None:
    """A class of torch.nn that is not public, such as the linear layer inside an attention."""
    if any(p.kind is p.VAR_POSITIONAL for p in inspect.signature(cls).parameters.values()):
        return None
    return _layer(cls.__name__, cls, _group(cls))


@functools.cache
def _of_torch() -> dict[str, Layer]:
    classes = {name: each for name, each in vars(nn).items() if _is_layer(name, each)}
    address = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"
    return {
        name: _layer(name, cls, _group(cls), address.format(name))
        for name, cls in sorted(classes.items())
        if name not in BASES
    }


@functools.cache
def _of_torchvision() -> dict[str, Layer]:
    try:
        from torchvision import ops
    except Exception:  # built for another torch, it may raise anything at all
        return {}
    classes = {name: each for name, each in vars(ops).items() if _is_layer(name, each)}
    address = "https://docs.pytorch.org/vision/stable/generated/torchvision.ops.{}.html"
    return {
        name: _layer(name, cls, VISION_OPS, address.format(name))
        for name, cls in sorted(classes.items())
    }


@functools.cache
def _of_blocks() -> dict[str, Layer]:
    return {cls.__name__: _layer(cls.__name__, cls, "Blocks") for cls in BLOCKS}


def _of_the_user() -> dict[str, Layer]:
    found: dict[str, Layer] = {}
    for code in shelf.codes():
        if not shelf.is_agreed(code):
            continue
        try:
            blocks = shelf.defined(code)
        except ModelwrightError:
            continue  # told where the files are listed; other blocks are there all the same
        found |= {name: _layer(name, cls, MY_BLOCKS) for name, cls in blocks.items()}
    return found


def _is_layer(name: str, value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, nn.Module) and not name.startswith("_")


def _layer(name: str, cls: type[nn.Module], group: str, url: str = "") -> Layer:
    return Layer(
        name, cls, group, first_sentence(cls.__dict__.get("__doc__")), parameters_of(cls), url
    )


def _group(cls: type[nn.Module]) -> str:
    if issubclass(cls, LazyModuleMixin):
        return "Lazy"
    if cls is nn.MultiheadAttention:  # it lives in activation.py, for no one knows what reason
        return "Transformer"
    file = cls.__module__.rpartition(".")[2]
    return _GROUPS.get(file, file.capitalize())

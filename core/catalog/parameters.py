"""The parameters of a constructor, with what each of them accepts.

:func:`parameters_of` goes by the curated tables, then by annotation, then by default value, and
then by the parameter's name.
"""

import collections.abc
import inspect
import re
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import torch
from torch import Tensor, nn

from core.catalog import curated
from core.catalog.refs import named

Kind = Literal[
    "int", "float", "bool", "str", "choice",
    "int_or_tuple",  # one number for every dimension, or ``dims`` of them
    "float_or_tuple",
    "tuple",  # several ints
    "shape",  # one int or several, of any number
    "strings",  # several texts
    "dtype", "device", "tensor",
    "module",  # a layer, built
    "layer",  # a layer class, named: norm_layer=LayerNorm
    "function",
    "activation",  # a word or a function
    "any",
]  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One parameter of a layer's constructor.

    ``optional``: ``None`` is allowed. ``choices``: the words it takes (for ``int_or_tuple``, the
    words that may stand instead of numbers). ``dims``: how many numbers, where that is fixed.
    A default that is a class or a function is a :class:`LayerRef`.
    ``hidden``: accepted, but a form need not show it (device, dtype, what PyTorch has deprecated).
    """

    name: str
    kind: Kind
    required: bool = False
    default: Any = None
    optional: bool = False
    choices: tuple[str, ...] = ()
    dims: int | None = None
    keyword_only: bool = False
    hidden: bool = False


def signature_of(cls: type[nn.Module]) -> inspect.Signature:
    """Return the signature of a layer's constructor, also of those that take ``*args``."""
    known = curated.SIGNATURES.get(cls.__name__)
    if known is not None and cls is getattr(nn, cls.__name__, None):
        return known
    try:
        return inspect.signature(cls)
    except (TypeError, ValueError):
        return inspect.Signature()


def parameters_of(cls: type[nn.Module]) -> tuple[Parameter, ...]:
    """Return the constructor's parameters in order, without private ones (``_weight``)."""
    hints = _hints(cls)
    found: list[Parameter] = []
    keyword_only = False
    for each in signature_of(cls).parameters.values():
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            continue
        keyword_only = keyword_only or each.kind is each.KEYWORD_ONLY
        if each.name.startswith("_"):
            keyword_only = True  # what follows a private one is only ever given by name
            continue
        annotation = hints.get(each.name, each.annotation)
        found.append(_resolved(cls, each, annotation, keyword_only))
    return tuple(found)


def _hints(cls: type[nn.Module]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls.__init__)
    except Exception:  # annotations may name what is only imported for type checkers
        return {}


def _resolved(
    cls: type[nn.Module], each: inspect.Parameter, annotation: Any, keyword_only: bool
) -> Parameter:
    owner, name, default = cls.__name__, each.name, each.default
    required = default is inspect.Parameter.empty
    allowed = _alternatives(annotation)
    choices = curated.CHOICES.get((owner, name)) or curated.WORDS.get((owner, name))
    choices = choices or curated.CHOICES.get(("*", name)) or _literals(allowed)
    kind = _kind(owner, name, allowed, default, choices)
    if kind == "activation":
        choices = ("relu", "gelu")
    return Parameter(
        name,
        kind,
        required,
        None if required else named(default),
        optional=default is None or type(None) in allowed,
        choices=choices if kind != "str" else (),
        dims=_dims(owner, allowed) if kind in ("int_or_tuple", "float_or_tuple") else None,
        keyword_only=keyword_only,
        hidden=name in curated.DEPRECATED or kind in ("device", "dtype"),
    )


def _kind(
    owner: str, name: str, allowed: tuple[Any, ...], default: Any, choices: tuple[str, ...]
) -> Kind:
    if (owner, name) in curated.EXCEPTIONS:
        return typing.cast(Kind, curated.EXCEPTIONS[owner, name])
    if choices and (owner, name) not in curated.WORDS:
        return "choice"
    kind = _kind_of_annotation(tuple(each for each in allowed if each is not type(None)))
    if kind == "any" and name in curated.KINDS:
        return typing.cast(Kind, curated.KINDS[name])
    return _kind_of_default(default) if kind == "any" else kind


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the one annotation there is."""
    if annotation is inspect.Parameter.empty or annotation is Any or isinstance(annotation, str):
        return ()
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _literals(allowed: tuple[Any, ...]) -> tuple[str, ...]:
    words = [word for each in allowed if get_origin(each) is Literal for word in get_args(each)]
    return tuple(words) if all(isinstance(word, str) for word in words) else ()


_PLAIN: dict[Any, Kind] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    torch.dtype: "dtype",
    torch.device: "device",
    Tensor: "tensor",
}
_SEVERAL = (tuple, list, torch.Size, collections.abc.Sequence)


def _kind_of_annotation(allowed: tuple[Any, ...]) -> Kind:
    several = [each for each in allowed if (get_origin(each) or each) in _SEVERAL]
    single = [each for each in allowed if each not in several]
    if any(get_origin(each) is collections.abc.Callable for each in single):
        return "activation" if str in single else _kind_of_callable(single)
    if torch.device in single:
        return "device"
    if several:
        return _kind_of_several(several, single)
    if float in single and int in single:
        return "float"
    if len(single) != 1:
        return "any"
    if inspect.isclass(single[0]) and issubclass(single[0], nn.Module):
        return "module"
    if isinstance(single[0], typing.TypeVar):
        return "module" if single[0].__bound__ is nn.Module else "any"
    return _PLAIN.get(single[0], "any")


def _kind_of_callable(single: list[Any]) -> Kind:
    for each in single:
        returned = get_args(each)[-1] if get_args(each) else None
        if inspect.isclass(returned) and issubclass(returned, nn.Module):
            return "layer"
    return "function"


def _kind_of_several(several: list[Any], single: list[Any]) -> Kind:
    items = {item for each in several for item in get_args(each)}
    if str in items:
        return "strings"
    if torch.Size in several:
        return "shape"
    if float in single or float in items:
        return "float_or_tuple"
    return "int_or_tuple" if int in single else "tuple"


def _kind_of_default(default: Any) -> Kind:
    return _PLAIN.get(type(default), "any")


def _dims(owner: str, allowed: tuple[Any, ...]) -> int | None:
    """Return how many numbers are meant: from the annotation, else from the name (MaxPool2d)."""
    if owner in curated.TWO_DIMENSIONAL:
        return 2
    lengths = {
        len(get_args(each))
        for each in allowed
        if get_origin(each) is tuple and Ellipsis not in get_args(each)
    }
    if len(lengths) == 1:
        return lengths.pop()
    named = re.search(r"([123])d$", owner)
    return int(named[1]) if named else None

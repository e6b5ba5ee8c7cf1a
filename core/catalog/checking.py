"""Arguments against parameters, before PyTorch sees them: its own complaints come too late."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from core.catalog.layers import Layer, find_layer
from core.catalog.parameters import Parameter
from core.catalog.refs import function_ref
from core.catalog.script import parse_spec
from core.catalog.spec import PARTIAL, LayerRef, LayerSpec, as_text
from core.document.inputs import DTYPES
from core.errors import SpecError, nearest

# ``Identity(54, anything=0.1)`` is allowed, and documented so: it ignores whatever it is given.
_TAKES_ANYTHING = "Identity"


def bind(layer: Layer, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments by name.

    Raises :class:`SpecError` for too many, doubled and unknown ones.
    """
    if layer.name == _TAKES_ANYTHING:
        return {}
    positional = [each.name for each in layer.parameters if not each.keyword_only]
    if len(args) > len(positional):
        raise SpecError(_too_many(layer, positional, len(args)))
    bound = dict(zip(positional, args, strict=False))
    for name, value in kwargs.items():
        if layer.parameter(name) is None:
            raise SpecError(_unknown(layer, name))
        if name in bound:
            raise SpecError(f"{layer.name}: {name} came twice, by position and by name.")
        bound[name] = value
    return bound


def check(layer: Layer, bound: Mapping[str, Any]) -> None:
    """Raise :class:`SpecError` where a required argument is missing or one has a wrong type."""
    absent = [each.name for each in layer.required if each.name not in bound]
    if absent:
        raise SpecError(_missing(layer, bound))
    for name, value in bound.items():
        check_value(layer, name, value)


def check_value(layer: Layer, name: str, value: Any) -> None:
    """Raise :class:`SpecError` where there is no argument ``name`` or ``value`` is not for it."""
    parameter = layer.parameter(name)
    if parameter is None:
        raise SpecError(_unknown(layer, name))
    if not accepts(parameter, value):
        raise SpecError(f"{layer.name}: {name} is {expected(parameter)}; {_shortened(value)} came.")


def understood(parameter: Parameter, value: Any) -> Any:
    """Return what a plain text means to a parameter of this kind; anything else as it is.

    Recipes and forms write ``"LayerNorm"``, ``"float16"`` and ``"Linear(8, 8)"``.
    """
    if not isinstance(value, str):
        return value
    match parameter.kind:
        case "module":
            return parse_spec(value)
        case "layer":
            return LayerRef(find_layer(value).name)
        case "function" | "activation":
            return value if value in parameter.choices else function_ref(value) or value
        case "dtype":
            return DTYPES.get(value.removeprefix("torch."), value)
    return value


def accepts(parameter: Parameter, value: Any) -> bool:
    """Say whether ``value`` is of the parameter's kind."""
    if value is None:
        return parameter.optional or parameter.kind == "any"
    if isinstance(value, str) and value in parameter.choices:
        return True
    match parameter.kind:
        case "int":
            return _is_int(value)
        case "float":
            return _is_number(value)
        case "bool":
            return isinstance(value, bool)
        case "str":
            return isinstance(value, str)
        case "int_or_tuple":
            return _is_int(value) or _are_ints(value, parameter)
        case "float_or_tuple":
            return _is_number(value) or (_fits(value, parameter) and all(map(_is_number, value)))
        case "tuple":
            return _are_ints(value, parameter)
        case "shape":
            return _is_int(value) or _are_ints(value, parameter)
        case "strings":
            return isinstance(value, (list, tuple)) and all(isinstance(x, str) for x in value)
        case "choice":
            return False
    return _accepts_object(parameter, value)


def _accepts_object(parameter: Parameter, value: Any) -> bool:
    match parameter.kind:
        case "dtype":
            return isinstance(value, torch.dtype)
        case "device":
            return isinstance(value, (str, torch.device)) or _is_int(value)
        case "module":
            return isinstance(value, (LayerSpec, nn.Module)) and not _is_partial(value)
        case "tensor":
            return isinstance(value, Tensor) or _is_nested_numbers(value)
        case "layer":
            is_class = isinstance(value, LayerRef) and "." not in value.name
            return is_class or _is_partial(value) or callable(value)
        case "function" | "activation":
            return isinstance(value, (LayerRef, LayerSpec)) or callable(value)
    return True


def expected(parameter: Parameter) -> str:
    """Return what the parameter takes, in words: ``"an int or a tuple of 2 ints"``."""
    several = "several" if parameter.dims is None else str(parameter.dims)
    number = "ints" if several != "1" else "int"
    words = " or ".join(as_text(each) for each in parameter.choices)
    text = {
        "int": "an int",
        "float": "a number",
        "bool": "True or False",
        "str": "text",
        "choice": words if len(parameter.choices) < 3 else f"one of {words}",
        "int_or_tuple": f"an int or a tuple of {several} {number}",
        "float_or_tuple": f"a number or a tuple of {several} numbers",
        "tuple": "a tuple of ints",
        "shape": "an int or a tuple of ints",
        "strings": "a list of texts",
        "dtype": "a dtype such as torch.float16",
        "device": 'a device such as "cpu" or "cuda:0"',
        "module": "a layer such as Linear(8, 8)",
        "tensor": "a list of numbers",
        "layer": "a layer class such as LayerNorm, without parentheses",
        "function": "a function such as F.relu",
        "activation": f"{words} or a function such as F.silu",
        "any": "anything",
    }[parameter.kind]
    if parameter.kind == "int_or_tuple" and words:
        text = f"{text}, {words}".replace(" or a tuple", ", a tuple")
    return f"{text} or None" if parameter.optional else text


def _is_partial(value: Any) -> bool:
    return isinstance(value, LayerSpec) and value.name == PARTIAL


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _fits(value: Any, parameter: Parameter) -> bool:
    return isinstance(value, (list, tuple)) and parameter.dims in (None, len(value))


def _are_ints(value: Any, parameter: Parameter) -> bool:
    # AdaptiveAvgPool2d((None, 7)): where None is allowed at all, it is allowed for one dimension.
    return _fits(value, parameter) and all(
        _is_int(each) or (each is None and parameter.optional) for each in value
    )


def _is_nested_numbers(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_nested_numbers, value))
    return _is_number(value)


def _shortened(value: Any) -> str:
    text = as_text(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _missing(layer: Layer, bound: Mapping[str, Any]) -> str:
    needed = [each.name for each in layer.required]
    given = [f"{name}={_shortened(value)}" for name, value in bound.items() if name in needed]
    verb = "was" if len(given) < 2 else "were"
    came = f"only {_listed(given)} {verb} given" if given else "nothing was given"
    if len(needed) == 1:
        return f"{layer.name} needs {needed[0]}, and it was not given."
    return f"{layer.name} needs {_listed(needed)}; {came}."


def _unknown(layer: Layer, name: str) -> str:
    known = [each.name for each in layer.parameters if not each.hidden]
    if not known:
        return f"{layer.name} takes no arguments; '{name}' came."
    hint = nearest(name, known) or f" It takes {_listed(known)}."
    return f"{layer.name} has no argument '{name}'.{hint}"


def _too_many(layer: Layer, positional: list[str], came: int) -> str:
    if not positional:
        return f"{layer.name} takes no arguments; {came} came."
    most = "1 argument" if len(positional) == 1 else f"{len(positional)} arguments"
    return f"{layer.name} takes at most {most} ({', '.join(positional)}); {came} came."

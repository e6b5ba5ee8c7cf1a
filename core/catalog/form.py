"""A module's arguments as a form: what each is now, as a plain value, and as text, both ways.

An :class:`Argument` holds what an edit would hold: numbers, words, tuples, and layer classes,
functions and dtypes by their names.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.catalog.attributes import same
from core.catalog.checking import accepts, expected, understood
from core.catalog.describing import arguments_of, describe
from core.catalog.layers import layer_of
from core.catalog.parameters import Parameter, parameters_of, signature_of
from core.catalog.refs import named
from core.catalog.spec import LayerRef, LayerSpec, as_text
from core.document.inputs import DTYPES
from core.document.records import record_of
from core.errors import SpecError

#: What a text may be besides a literal, by the kind of its parameter.
_NAMED = ("module", "layer", "function", "activation", "dtype", "device")
_TOO_MANY_NUMBERS = 64


@dataclass(frozen=True)
class Argument:
    """One argument of a module. ``editable`` is false where its value has no text to write."""

    parameter: Parameter
    value: Any
    editable: bool = True

    @property
    def differs(self) -> bool:
        """Whether it is something else than the constructor's own default; never if required."""
        parameter = self.parameter
        return not parameter.required and not same(parameter, self.default, self.value)

    @property
    def default(self) -> Any:
        """The constructor's own choice, as a plain value; ``None`` where there is none."""
        return plain(self.parameter.default)


def form_of(module: nn.Module) -> tuple[Argument, ...]:
    """Return the arguments of a module in order; none for containers and unknown origins.

    Hidden ones come last, always in the same order: with their defaults, where nobody gave them.
    """
    values = arguments_of(module)
    if not values:
        return ()
    known = {each.name: each for each in _parameters(module)}
    extra = _collecting(module)
    hidden = {name: each for name, each in known.items() if each.hidden}
    usual = tuple(
        Argument(Parameter(name, "any", required=True), as_text(plain(value)), editable=False)
        if name == extra
        # What came by **kwargs is announced by no parameter.
        else _argument(known.get(name) or Parameter(name, "any", required=True), value)
        for name, value in values.items()
        if name not in hidden
    )
    return usual + tuple(_argument(p, values.get(name, p.default)) for name, p in hidden.items())


def common_form(forms: Iterable[tuple[Argument, ...]]) -> tuple[tuple[Argument, ...], ...]:
    """Return the arguments that every form has, by name and kind, each with those of all forms."""
    columns = [{each.parameter.name: each for each in form} for form in forms]
    if not columns:
        return ()
    rows = (tuple(column.get(name) for column in columns) for name in columns[0])
    return tuple(
        found
        for row in rows
        if (found := tuple(each for each in row if each is not None))
        and len(found) == len(columns)
        and len({(each.parameter.kind, each.parameter.choices) for each in found}) == 1
    )


def read_argument(parameter: Parameter, text: str) -> Any:
    """Read what was typed into a field: ``3``, ``3, 5``, ``same``, ``None``, ``Linear(8, 8)``.

    Raises :class:`SpecError` with what was expected and what came.
    """
    text = text.strip()
    if text.lower() == "none" and parameter.optional and "none" not in parameter.choices:
        return None
    value = _value(parameter, text)
    if not accepts(parameter, understood(parameter, value)):
        came = as_text(value) if text else "nothing"
        came = came if len(came) <= 40 else came[:37] + "..."
        raise SpecError(f"{parameter.name} is {expected(parameter)}; {came} came.")
    return value


def write_argument(parameter: Parameter, value: Any) -> str:
    """Return the text :func:`read_argument` reads back: tuples go without their parentheses."""
    if isinstance(value, str):
        return value
    if isinstance(value, (tuple, list)) and parameter.kind != "any":
        inner = as_text(tuple(value))[1:-1]
        return inner if value else "()"
    return as_text(value)


def plain(value: Any) -> Any:
    """Return ``value`` as an edit holds it; what has no such form comes back as it is."""
    value = named(value)
    match value:
        case LayerRef() | LayerSpec():
            return str(value)
        case nn.Module():
            return str(describe(value))
        case torch.dtype():
            return str(value).removeprefix("torch.")
        case torch.device():
            return str(value)
        case Tensor() if value.numel() <= _TOO_MANY_NUMBERS and not value.is_meta:
            return plain(value.tolist())
        case tuple() | list():
            return tuple(map(plain, value))
    return value


def _parameters(module: nn.Module) -> tuple[Parameter, ...]:
    layer = layer_of(type(module))
    if layer is not None:
        return layer.parameters
    record = record_of(module)
    return parameters_of(record.cls) if record is not None else ()


def _collecting(module: nn.Module) -> str:
    """Return the name of a composite's ``*args``, which no edit can set."""
    record = record_of(module)
    known = signature_of(record.cls).parameters if record is not None else {}
    return next((name for name, each in known.items() if each.kind is each.VAR_POSITIONAL), "")


def _argument(parameter: Parameter, value: Any) -> Argument:
    made = plain(value)
    try:
        readable = bool(read_argument(parameter, write_argument(parameter, made)) == made)
    except Exception:  # objects compare as they like
        readable = False
    named_here = isinstance(made, str) and not isinstance(value, str)
    if readable and (parameter.kind in _NAMED or not named_here):
        return Argument(parameter, made)
    return Argument(parameter, made if named_here else as_text(made), editable=False)


def _value(parameter: Parameter, text: str) -> Any:
    if parameter.kind in ("str", "choice") or text in parameter.choices:
        return text
    if parameter.kind in _NAMED:
        return _name(parameter, text)
    if parameter.kind in ("float", "float_or_tuple") and text.lower() in ("inf", "-inf"):
        return float(text)
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return _words(text) if parameter.kind == "strings" else text
    if parameter.kind == "strings" and isinstance(value, str):
        return (value,)
    return plain(value)


def _words(text: str) -> tuple[str, ...]:
    return tuple(each.strip().strip("'\"") for each in text.split(",") if each.strip())


def _name(parameter: Parameter, text: str) -> str:
    """Return the text itself, where it names what the parameter takes."""
    if parameter.kind == "dtype" and text.removeprefix("torch.") not in DTYPES:
        raise SpecError(f"{parameter.name} is {expected(parameter)}; {text or 'nothing'} came.")
    if parameter.kind == "device" and not _is_device(text):
        raise SpecError(f"{parameter.name} is {expected(parameter)}; {text or 'nothing'} came.")
    return text.removeprefix("torch.") if parameter.kind == "dtype" else text


def _is_device(text: str) -> bool:
    try:
        torch.device(text)
    except RuntimeError:
        return False
    return True

"""Which numbers of a module are worth being parameters of its block: what comes in, what goes out.

What is suggested was tried: the block is built with other numbers, and run on shapes alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from core.analysis import Report, Value, analyse
from core.document import Document
from core.document.inputs import DTYPES
from core.errors import EditRefused, SaveRefused
from core.export.block import BlockParameter, block_source, built_from, numbers_in
from core.export.sizes import KEEPS, TAKES, Sizes, is_size

#: How many widths between what comes in and what goes out are offered.
_MOST_BETWEEN = 2
_TRIED = "TriedBlock"


def suggest_parameters(document: Document, path: str) -> tuple[BlockParameter, ...]:
    """Return the parameters that a block of the module at ``path`` should have.

    With each of them, alone doubled, the block still runs. Raises SaveRefused for a module that
    cannot be written.
    """
    numbers = numbers_in(document, path)
    report = analyse(document)
    own = {name: value for name, value in numbers.items() if "." not in name and is_size(name)}
    if own:
        wanted = tuple(_of_constructor(own, numbers))
    else:
        try:
            wanted = tuple(_named(Sizes(report, path, numbers)))
        except EditRefused:  # its forward cannot be read
            return ()
    fed = _fed(report, path)
    found = tuple(each for each in wanted if _works(document, path, wanted, each, fed))
    lost = {place for each in wanted if each not in found for place in each.places}
    # What shares a place with a number that stays is no sum of parameters any more.
    found = tuple(each for each in found if lost.isdisjoint(each.places))
    if found:
        return found
    # What cannot change alone may change together: a residual block gives what it gets.
    together = tuple(_by_value(wanted))
    return tuple(each for each in together if _works(document, path, together, each, fed))


def _of_constructor(own: Mapping[str, Any], numbers: Mapping[str, Any]) -> Iterator[BlockParameter]:
    """Yield what the class itself calls a size; layers it is given have the same numbers."""
    for name, value in own.items():
        if not isinstance(value, int) or isinstance(value, bool):
            continue
        taken = name in TAKES or name.startswith(("in_", "num_input"))
        inside = [
            place
            for place, number in numbers.items()
            if "." in place and number == value and is_size(last := place.rpartition(".")[2])
            and (last in TAKES) is taken
        ]  # fmt: skip
        yield BlockParameter(name, value, (name, *inside))


def _by_value(parameters: Sequence[BlockParameter]) -> Iterator[BlockParameter]:
    groups: dict[Any, list[BlockParameter]] = {}
    for each in parameters:
        groups.setdefault(each.default, []).append(each)
    for value, same in groups.items():
        if len(same) > 1:
            places = dict.fromkeys(place for each in same for place in each.places)
            what = "features" if same[0].name.endswith("features") else "channels"
            yield BlockParameter(what, value, tuple(places))


def _named(sizes: Sizes) -> Iterator[BlockParameter]:
    free = sizes.free
    inputs = [each for each in map(sizes.root, sizes.inputs) if each in free]
    last = sizes.root(sizes.output[0]) if len(sizes.output) == 1 else None
    between = 0
    for symbol in free:
        value, places = sizes.value(symbol), sizes.places(symbol)
        if value is None:
            continue
        what = "features" if any(p.endswith(("features", "size")) for p in places) else "channels"
        if any(place.endswith("channels") for place in places):
            what = "channels"
        if symbol in inputs:
            number = inputs.index(symbol)
            name = f"in_{what}" if not number else f"in_{what}_{number + 1}"
            name = what if symbol == last and not number else name
        elif symbol == last:
            name = f"out_{what}"
        elif between < _MOST_BETWEEN:
            between += 1
            name = f"mid_{what}" if between == 1 else f"mid_{what}_{between}"
        else:
            continue
        yield BlockParameter(name, value, tuple(dict.fromkeys(places)))


def _works(
    document: Document,
    path: str,
    wanted: Sequence[BlockParameter],
    tried: BlockParameter,
    fed: Sequence[Value],
) -> bool:
    """Say whether the block runs with one parameter doubled."""
    assert isinstance(tried.default, int)
    try:
        text = block_source(document, path, _TRIED, wanted)
        block = built_from(text, _TRIED, **{tried.name: 2 * tried.default})
        with torch.no_grad():
            for inputs in _inputs(tried, fed):
                try:
                    block(*inputs)
                except Exception:  # whatever a forward may raise: it does not run
                    continue
                return True
    except SaveRefused:
        return False
    return not fed  # nobody knows what it is fed, and it can be built


def _inputs(tried: BlockParameter, fed: Sequence[Value]) -> Iterator[list[Tensor]]:
    """Yield what the block may have to be fed: as before, or with one dimension doubled."""
    taken = tried.name in (*TAKES, *KEEPS) or tried.name.startswith(("in_", "num_input"))
    number = int(tried.name[-1]) - 1 if tried.name[-1].isdigit() else 0
    for dim in (1, -1) if taken else (None,):
        tensors = []
        for place, value in enumerate(fed):
            shape = list(value.shape or ())
            if dim is not None and place == number and len(shape) > 1:
                shape[dim] *= 2
            tensors.append(torch.empty(shape, dtype=DTYPES[value.dtype], device="meta"))
        yield tensors


def _fed(report: Report, path: str) -> tuple[Value, ...]:
    """Return the tensors that the module is given where it stands."""
    found = report.module(path)
    return found.inputs.tensors() if found.inputs is not None else ()

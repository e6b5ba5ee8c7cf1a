"""Repairs: edits after which a problem is gone. Each candidate is tried before it is offered.

Two kinds go first: *take what comes* (the failing layer is rebuilt for its input) and *give what is
expected* (the layer before it is). Where taking what comes only moves the problem on, through a
BatchNorm to the next convolution, the repair goes on with it.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from torch import nn

from core.analysis.descriptions import of_tensor
from core.dataflow.classes import is_rewired
from core.dataflow.lists import is_list
from core.document import Document, InputSpec, join, split
from core.edits import (
    Edit,
    Insert,
    Replace,
    RouteByKey,
    RunInOrder,
    SetArguments,
    SetInputs,
    Together,
    Wrap,
    is_container,
)
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.analysis.problems import Fault, Problem

_NORMS = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm)
#: How many further problems one repair may settle on its way.
_STEPS = 12
Produced = tuple[str, nn.Module, tuple[int, ...]]


def repairs_of(document: Document, fault: "Fault") -> tuple[Edit, ...]:
    """Return the edits that make ``fault`` go away without making another problem."""
    before = _problems(document)
    found: dict[str, Edit] = {}
    for candidate in _candidates(document, fault):
        repair = _tried(document, candidate, before)
        if repair is not None:
            found.setdefault(repair.label, repair)
    return tuple(found.values())


def _problems(document: Document) -> "tuple[Problem, ...]":
    from core.analysis.analysing import analyse

    return analyse(document).problems


def _tried(document: Document, candidate: Edit, before: "tuple[Problem, ...]") -> Edit | None:
    """Return the edit if it helps, with what it takes to settle the problems it moved on."""
    edits: tuple[Edit, ...] = (candidate,)
    for _ in range(_STEPS):
        try:
            document = edits[-1].apply(document)
        except (ModelwrightError, RuntimeError):
            return None
        after = _problems(document)
        if len(after) < len(before):
            return edits[0] if len(edits) == 1 else _several(edits)
        known = {(each.path, each.message) for each in before}
        fresh = [each for each in after if (each.path, each.message) not in known]
        further = next(_taking(fresh[0]._fault), None) if fresh and fresh[0]._fault else None
        if further is None:
            return None
        edits += (further,)
    return None


def _several(edits: tuple[Edit, ...]) -> Edit:
    fitted = [edit for edit in edits[1:] if isinstance(edit, SetArguments)]
    told = [e.label[:1].lower() + e.label[1:] for e in edits[1:] if e not in fitted]
    told += [f"fit {', '.join(edit.path for edit in fitted)}"] if fitted else []
    return Together(edits, f"{edits[0].label}, and {', and '.join(told)}")  # type: ignore[arg-type]


def _candidates(document: Document, fault: "Fault") -> Iterator[Edit]:
    if fault.failure.kind == "lazy":
        from core.analysis.problems import concrete_text

        text = concrete_text(fault)
        if text:
            yield Replace(fault.path, text)
    elif is_list(fault.module) and not is_rewired(fault.module):
        yield from _running(fault)
    elif fault.failure.kind == "operation":
        yield from _of_operation(document, fault)
    elif fault.expectation is not None and fault.first is not None:
        yield from _flattening(document, fault)
        yield from _taking(fault)
        yield from _giving(document, fault)
        yield from _feeding(document, fault)


def _running(fault: "Fault") -> Iterator[Edit]:
    """Give a list or dictionary of modules a forward."""
    if isinstance(fault.module, nn.ModuleDict):
        yield RouteByKey(fault.path)
    yield RunInOrder(fault.path)


def _taking(fault: "Fault") -> Iterator[Edit]:
    """Rebuild the failing layer for the input that comes."""
    if is_list(fault.module) and not is_rewired(fault.module):
        yield from _running(fault)
    expected, first, module = fault.expectation, fault.first, fault.module
    if expected is None or first is None:
        return
    shape = tuple(first[0])
    if expected.aspect == "window":
        yield from _smaller_windows(fault.path, module, shape)
    if expected.aspect not in ("features", "channels", "shape", "rank"):
        return
    arguments = _arguments(module, shape)
    if arguments:
        yield SetArguments(fault.path, arguments)


def _arguments(module: nn.Module, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the arguments with which a layer takes an input of this shape."""
    if isinstance(module, nn.Linear):
        return {"in_features": shape[-1]}
    if isinstance(module, nn.modules.conv._ConvNd):
        return _of_convolution(module, shape)
    if isinstance(module, _NORMS) and len(shape) > 1:
        return {"num_features": shape[1]}
    if isinstance(module, nn.GroupNorm) and len(shape) > 1:
        return {"num_groups": _divisor(shape[1], module.num_groups), "num_channels": shape[1]}
    if isinstance(module, nn.LayerNorm):
        over = shape[-len(module.normalized_shape) :]
        return {"normalized_shape": over if len(over) > 1 else over[0]}
    if isinstance(module, nn.RNNBase):
        return {"input_size": shape[-1]}
    return {}


def _of_convolution(module: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    spatial = len(module.kernel_size)
    if len(shape) not in (spatial + 1, spatial + 2):
        return {}
    channels = shape[-spatial - 1]
    if module.groups == 1:
        return {"in_channels": channels}
    if module.groups == module.in_channels == module.out_channels:  # depthwise stays depthwise
        return {"in_channels": channels, "out_channels": channels, "groups": channels}
    groups = next(
        n for n in range(module.groups, 0, -1) if not channels % n and not module.out_channels % n
    )
    return {"in_channels": channels, "groups": groups}


def _smaller_windows(path: str, module: Any, shape: tuple[int, ...]) -> Iterator[Edit]:
    kernel = module.kernel_size
    spatial = len(kernel) if isinstance(kernel, tuple) else len(shape) - 2
    sizes = shape[-spatial:]
    kernel = kernel if isinstance(kernel, tuple) else (kernel,) * spatial
    if isinstance(module, nn.modules.conv._ConvNd):
        needed = [(k - 1) * d + 1 for k, d in zip(kernel, module.dilation, strict=True)]
        pads = [max(0, -(-(n - s) // 2)) for n, s in zip(needed, sizes, strict=True)]
        yield SetArguments(path, {"padding": _one(pads)})
    yield SetArguments(
        path, {"kernel_size": _one([min(pair) for pair in zip(kernel, sizes, strict=True)])}
    )


def _one(values: list[int]) -> int | tuple[int, ...]:
    return values[0] if len(set(values)) == 1 else tuple(values)


def _divisor(number: int, wanted: int) -> int:
    return next(each for each in range(min(number, wanted), 0, -1) if number % each == 0)


def _giving(document: Document, fault: "Fault") -> Iterator[Edit]:
    """Rebuild the last layer before the failing one, to give what is expected."""
    assert fault.expectation is not None
    if fault.expectation.aspect not in ("features", "channels"):
        return
    assert fault.first is not None
    got, wanted = tuple(fault.first[0]), tuple(fault.expectation.fitting[0])
    if len(got) != len(wanted):
        return
    at = next(n for n, (a, b) in enumerate(zip(got, wanted, strict=True)) if a != b)
    yield from _widths(_before(document, fault.path), got[at], wanted[at])


def _widths(before: list[Produced], got: int, wanted: int) -> Iterator[Edit]:
    """Change the last layer that made ``got`` features to make ``wanted``, and the norms behind."""
    edits: list[Edit] = []
    for path, module, _ in reversed(before):
        if isinstance(module, _NORMS) and module.num_features == got:
            edits.append(SetArguments(path, {"num_features": wanted}))
        elif isinstance(module, nn.Linear) and module.out_features == got:
            edits.append(SetArguments(path, {"out_features": wanted}))
            break
        elif isinstance(module, nn.modules.conv._ConvNd) and module.out_channels == got:
            edits.append(SetArguments(path, {"out_channels": wanted}))
            break
        elif next(module.parameters(recurse=False), None) is not None:
            return
    else:
        return
    edits.reverse()
    yield edits[0] if len(edits) == 1 else _several(tuple(edits))


def _before(document: Document, path: str) -> list[Produced]:
    """Return the layers called before ``path`` is, in order, with the shapes they give."""
    from core.analysis.analysing import analyse

    found: list[Produced] = []
    for place, shapes in analyse(document).calls():
        if place == path:
            break
        module = document.module(place)
        tensors = shapes.output.tensors() if shapes.output is not None else ()
        if not module._modules and tensors:
            found.append((place, module, tensors[0].shape or ()))
    return found


def _flattening(document: Document, fault: "Fault") -> Iterator[Edit]:
    """Put what is missing between a convolution's map and a Linear."""
    assert fault.first is not None
    shape = tuple(fault.first[0])
    if not isinstance(fault.module, nn.Linear) or len(shape) != 4:
        return
    features = shape[1] * shape[2] * shape[3]
    if features == fault.module.in_features:
        yield from _inserted(document, fault.path, ("Flatten(1)",), None, "Flatten")
        return
    if shape[1] == fault.module.in_features:
        layers = ("AdaptiveAvgPool2d(1)", "Flatten(1)")
        yield from _inserted(document, fault.path, layers, None, "Pool and flatten")
    yield from _inserted(
        document, fault.path, ("Flatten(1)",), {"in_features": features}, "Flatten"
    )


def _inserted(
    document: Document,
    path: str,
    layers: tuple[str, ...],
    arguments: dict[str, Any] | None,
    what: str,
) -> Iterator[Edit]:
    parent, name = split(path)
    edits: list[Edit] = [SetArguments(path, arguments)] if arguments else []
    if path and is_container(document.module(parent)):
        index = list(document.module(parent)._modules).index(name)
        edits += [Insert(parent, index + n, layer) for n, layer in enumerate(layers)]
    else:
        edits.append(Wrap(path))
        edits += [Insert(path, n, layer) for n, layer in enumerate(layers)]
    more = f" and {edits[0].label[:1].lower()}{edits[0].label[1:]}" if arguments else ""
    yield Together(tuple(edits), f"{what} before {path or 'the model'}{more}")  # type: ignore[arg-type]


def _feeding(document: Document, fault: "Fault") -> Iterator[Edit]:
    """Feed the model what its first layer expects, where that is what does not fit."""
    assert fault.expectation is not None
    assert fault.first is not None
    fitting = fault.expectation.fitting
    dtype = str(fitting[2]).removeprefix("torch.")
    got_dtype = str(fault.first[2]).removeprefix("torch.")
    for number, spec in enumerate(document.inputs):
        if (
            spec.kind == "tensor"
            and spec.shape == tuple(fault.first[0])
            and spec.dtype == got_dtype
        ):
            new = msgspec.structs.replace(spec, shape=tuple(fitting[0]), dtype=dtype)
            yield _with_input(document, number, new)
        elif fault.expectation.aspect == "rank" and spec.kind == "tensor":
            # A convolution takes a picture without its batch; only the layer after it refuses.
            new = msgspec.structs.replace(spec, shape=(1, *spec.shape))
            yield _with_input(document, number, new)


def _with_input(document: Document, number: int, spec: InputSpec) -> Edit:
    inputs = document.inputs
    return SetInputs((*inputs[:number], spec, *inputs[number + 1 :]))


def _of_operation(document: Document, fault: "Fault") -> Iterator[Edit]:
    """Make two branches that are added give equally many channels, or pictures of one size."""
    shapes = [tuple(each[0]) for each in fault.failure.operands if of_tensor(each)]
    if len(shapes) != 2 or len(shapes[0]) != len(shapes[1]) or fault.call is None:
        return
    differing = [n for n, (a, b) in enumerate(zip(*shapes, strict=True)) if a != b]
    inside = list(_inside(document, fault.path, fault.call))
    for got, wanted in (shapes, shapes[::-1]):
        made = _up_to(inside, got)
        if len(differing) == 1:
            yield from _widths(made, got[differing[0]], wanted[differing[0]])
        elif differing and differing[0] > 1:
            yield from _strides(made, got, wanted)


def _strides(made: list[Produced], got: tuple[int, ...], wanted: tuple[int, ...]) -> Iterator[Edit]:
    """Let the last convolution that gave a picture of this size step further, or less far."""
    for path, module, shape in reversed(made):
        if isinstance(module, nn.modules.conv._ConvNd) and shape[2:] == got[2:]:
            pairs = zip(module.stride, got[2:], wanted[2:], strict=True)
            steps = [max(1, round(step * a / b)) for step, a, b in pairs]
            if tuple(steps) != tuple(module.stride):
                yield SetArguments(path, {"stride": _one(steps)})
                return


def _inside(document: Document, path: str, call: Any) -> Iterable[Produced]:
    for place, inner in call.inner:
        if not isinstance(place, str):
            continue
        where = join(path, place)
        if inner.inner:
            yield from _inside(document, where, inner)
        elif inner.output is not None and of_tensor(inner.output):
            yield where, document.module(where), tuple(inner.output[0])


def _up_to(produced: list[Produced], shape: tuple[int, ...]) -> list[Produced]:
    """Return what was made until the last tensor of this shape was."""
    last = max((n for n, (_, _, each) in enumerate(produced) if each == shape), default=-1)
    return produced[: last + 1]

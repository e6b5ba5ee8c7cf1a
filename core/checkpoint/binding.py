"""Which parameter each number in an optimizer's state means, from the shapes of its moments.

torch.optim numbers parameters as its groups were given them. Groups are made in a few ways: all
parameters, those of some modules, the matrices and the vectors apart, or both. Each way is tried on
the model's parameters, and on every stretch of them; what is found counts where exactly one
assignment fits all moments. Otherwise it cannot be said, and a guess would be silently wrong.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from core.files.naming import unwrapped

#: Entries of an optimizer's state that have the shape of their parameter.
_MOMENTS = (
    "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "square_avg", "grad_avg", "sum",
    "acc_delta", "exp_inf", "ax", "prev",
)  # fmt: skip
_MOST_PERMUTED = 4  # so many groups are tried in every order; more in theirs and backwards
_MOST_STEPS = 100_000  # of looking for groups that take turns: some tenths of a second

Shape = tuple[int, ...]
Named = Sequence[tuple[str, nn.Parameter]]
_Known = Sequence[Shape | None]  # the shapes of a group's parameters, None where nothing is kept
_Order = tuple[int, ...]  # places in the list of parameters, in the order of their numbers


def bound_names(state: Mapping[str, Any], parameters: Named) -> tuple[str, ...] | None:
    """Return the names of an optimizer's parameters by number; ``None`` where they are not sure.

    ``parameters`` are the model's, in its order. Names that the state itself has come first.
    """
    try:
        groups = [list(group["params"]) for group in state["param_groups"]]
        numbers = [number for group in groups for number in group]
        if sorted(numbers) != list(range(len(numbers))) or not numbers:
            return None
        known = _shapes(state["state"], len(numbers))
    except (TypeError, KeyError, AttributeError):
        return None  # it only looks like an optimizer's
    if known is None:
        return None
    return _said(state, numbers, dict(parameters)) or _found(
        [[known[number] for number in group] for group in groups], numbers, parameters
    )


def _shapes(state: Mapping[Any, Any], count: int) -> list[Shape | None] | None:
    """Return the shape of each parameter's moments; ``None`` at all where they contradict."""
    shapes: list[Shape | None] = [None] * count
    for number, entries in state.items():
        if not isinstance(number, int) or not 0 <= number < count:
            return None
        for name, value in entries.items():
            if name in _MOMENTS and isinstance(value, Tensor) and value.dim() > 0:
                shape = tuple(value.shape)
                if shapes[number] not in (None, shape):
                    return None
                shapes[number] = shape
    return shapes


def _said(
    state: Mapping[str, Any], numbers: Sequence[int], parameters: Mapping[str, object]
) -> tuple[str, ...] | None:
    """Return the names that the groups have themselves: an optimizer made of named parameters."""
    groups = state["param_groups"]
    if not all("param_names" in group for group in groups):
        return None
    names = [str(name) for group in groups for name in group["param_names"]]
    if len(names) != len(numbers):
        return None
    plain, _ = unwrapped(names)
    for said in (names, [plain[name] for name in names]):
        if all(name in parameters for name in said):
            return _by_number(numbers, said)
    return None


def _found(
    groups: Sequence[_Known], numbers: Sequence[int], parameters: Named
) -> tuple[str, ...] | None:
    for ways in (_all, _stretches, _woven):
        fitting: set[tuple[str, ...]] = set()
        for candidates in _candidates(parameters):
            for order in ways(groups, [tuple(p.shape) for _, p in candidates]):
                fitting.add(tuple(candidates[place][0] for place in order))
                if len(fitting) > 1:
                    return None
        if fitting:
            return _by_number(numbers, fitting.pop())
    return None


def _candidates(parameters: Named) -> list[Named]:
    trained = [each for each in parameters if each[1].requires_grad]
    return [parameters] if len(trained) == len(parameters) else [parameters, trained]


def _by_number(numbers: Sequence[int], names: Sequence[str]) -> tuple[str, ...]:
    pairs = dict(zip(numbers, names, strict=True))
    return tuple(pairs[number] for number in sorted(pairs))


def _all(groups: Sequence[_Known], shapes: Sequence[Shape]) -> Iterator[_Order]:
    """Yield the one order of a single group that was given everything."""
    if len(groups) == 1 and len(groups[0]) == len(shapes):
        yield from _fits(groups, shapes, [range(len(shapes))])


def _stretches(groups: Sequence[_Known], shapes: Sequence[Shape]) -> Iterator[_Order]:
    """Yield the orders in which groups are stretches of the parameters, or kinds within them."""
    count = sum(map(len, groups))
    for start in range(len(shapes) - count + 1):
        window = range(start, start + count)
        for order in _turned(len(groups)):
            yield from _fits(groups, shapes, _cut(window, groups, order))
        if len(groups) == 2:
            yield from _kinds(groups, shapes, window)
        if len(groups) == 4:  # two parts of the model, each with its matrices and its vectors
            half = len(groups[0]) + len(groups[1])
            for parts in ((window[:half], window[half:]), (window[-half:], window[:-half])):
                for one in _kinds(groups[:2], shapes, parts[0]):
                    for other in _kinds(groups[2:], shapes, parts[1]):
                        yield (*one, *other)


def _turned(count: int) -> Iterator[Sequence[int]]:
    if count <= _MOST_PERMUTED:
        yield from itertools.permutations(range(count))
    else:
        yield range(count)
        yield range(count - 1, -1, -1)


def _cut(window: range, groups: Sequence[_Known], order: Sequence[int]) -> list[range]:
    """Return each group's stretch, where they stand in the model in this order."""
    stretches, begin = [range(0)] * len(groups), 0
    for group in order:
        end = begin + len(groups[group])
        stretches[group], begin = window[begin:end], end
    return stretches


def _kinds(groups: Sequence[_Known], shapes: Sequence[Shape], window: range) -> Iterator[_Order]:
    """Yield matrices and vectors apart, in either order."""
    flat = [place for place in window if len(shapes[place]) > 1]
    thin = [place for place in window if len(shapes[place]) <= 1]
    for places in ([flat, thin], [thin, flat]):
        yield from _fits(groups, shapes, places)


def _fits(
    groups: Sequence[_Known], shapes: Sequence[Shape], places: Sequence[Sequence[int]]
) -> Iterator[_Order]:
    """Yield the places, if all that is known of the groups agrees with them."""
    for known, each in zip(groups, places, strict=True):
        if len(known) != len(each):
            return
        if any(k is not None and k != shapes[p] for k, p in zip(known, each, strict=True)):
            return
    yield tuple(place for each in places for place in each)


def _woven(groups: Sequence[_Known], shapes: Sequence[Shape]) -> Iterator[_Order]:
    """Yield the order in which groups take turns, each keeping the model's; two, if there are more.

    Walks over the parameters once. How far each group has come is all that matters of the way
    there, so of the ways that meet two are kept, each as (way before, group).
    """
    if len(groups) < 2 or sum(map(len, groups)) != len(shapes):
        return
    ways: dict[tuple[int, ...], list[Any]] = {(0,) * len(groups): [()]}
    steps = 0
    for shape in shapes:
        further: dict[tuple[int, ...], list[Any]] = {}
        for taken, before in ways.items():
            for group, known in enumerate(groups):
                at = taken[group]
                if at < len(known) and known[at] in (None, shape):
                    there = (*taken[:group], at + 1, *taken[group + 1 :])
                    held = further.setdefault(there, [])
                    held += [(way, group) for way in before[: 2 - len(held)]]
        ways = further
        steps += len(ways)
        if steps > _MOST_STEPS:
            return
    for way in ways.get(tuple(map(len, groups)), ()):
        members: list[list[int]] = [[] for _ in groups]
        for place in reversed(range(len(shapes))):
            way, group = way
            members[group].append(place)
        yield tuple(place for each in members for place in reversed(each))

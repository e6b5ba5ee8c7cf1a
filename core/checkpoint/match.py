"""Matching a file to a document: which tensor would go where, before anything is loaded."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import torch
from torch import Tensor
from torch.nn.parameter import UninitializedTensorMixin  # type: ignore[attr-defined]

from core.checkpoint.by_hand import ByHand, Pairs, check, check_renames, holding
from core.checkpoint.by_order import bare_list, in_order
from core.checkpoint.choices import Choices
from core.checkpoint.conditions import conditions
from core.checkpoint.pairing import Paired, paired
from core.checkpoint.plan import FROM_FILE, Plan, Row, Status
from core.checkpoint.sizes import MADE_BY_THE_MODEL, PERMUTED, Kind, kinds_of
from core.checkpoint.weight_norm import Normed
from core.document import Document, IdentityCache, ledger
from core.errors import CheckpointError, NothingInCommon
from core.files import Contents, StoredTensor, WeightSet, in_a_sentence
from core.files.naming import Pairing

_FLOATS = ("float", "bfloat", "complex")
_LONG = 60  # letters of a name in a sentence


def match(
    document: Document,
    contents: Contents,
    *,
    origin: Document | None = None,
    choices: Collection[str] = (),
    pairs: Pairs | None = None,
) -> Plan:
    """Plan how the weights of a file go into a document, tensor by tensor.

    ``origin`` is the document before its edits: a file that fits that one is followed through the
    edits by the key map, so that the original checkpoint loads into the edited model. ``choices``
    are answers to conditions (:attr:`core.checkpoint.plan.Choice.text`). ``pairs`` are the user's
    own, name in the model -> name in the file, or ``None`` for what keeps the model's values; they
    stand before all that is found, and can be said as choices, too
    (:func:`core.checkpoint.choices.pair_text`). No tensor is read. Raises
    :class:`~core.errors.CheckpointError` where the file has no weights or not the tensors that were
    named, and :class:`~core.errors.NothingInCommon`, with the plan, where nothing fits.
    """
    said = Choices.read(choices, pairs)
    candidates = _candidates(contents, said)
    routes = _routes(document, origin, said)
    check(said.pairs, routes[0].own, candidates, contents.path)
    known = {name for route in routes for name in (*route.own, *route.shapes)}
    check_renames(said.renames, known, candidates, contents.path)
    candidates = holding(said.pairs, candidates)
    drafts = [
        Draft(route, weights, said, bare_list(contents) is not None)
        for weights in candidates
        for route in routes
    ]
    best = max(drafts, key=lambda draft: draft.score)
    equal = [each for each in drafts if each.score == best.score]
    rivals = tuple({id(each.weights): each.weights for each in equal}.values())
    either = any(each.weights is best.weights and each.found != best.found for each in equal)
    found = conditions(contents, best, rivals, candidates, either)
    trained = origin if best.route.edited else None
    plan = Plan(document, contents, best.weights, best.rows, tuple(found), trained)
    if not best.score[0]:
        text = _nothing(document, contents, best)
        if best.listed:
            text = " ".join(each.sentence for each in plan.conditions if each.kind == "bare list")
        raise NothingInCommon(f"{contents.path}: {text}" if best.listed else text, plan)
    return plan


@dataclass(frozen=True, eq=False)
class Route:
    """The names under which a document's tensors are looked for in a file.

    ``own`` are the tensors of now, ``sizes`` their shapes (lazy ones have none) and ``dtypes`` what
    they are in torch's words. ``before`` is name now -> name then, of the tensors that were there
    then; ``shapes`` are those of then. Without edits, or for a file of the edited model, both are
    those of now.
    """

    own: Mapping[str, Tensor]
    sizes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, str]
    before: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]
    edited: bool = False

    @cached_property
    def tied(self) -> Mapping[int, tuple[str, ...]]:
        """The names of each tensor that has several."""
        names: dict[int, list[str]] = {}
        for name, tensor in self.own.items():
            names.setdefault(id(tensor), []).append(name)
        return {number: tuple(each) for number, each in names.items() if len(each) > 1}


#: The route of each model as it is: a document is matched again with every answer.
_as_they_are: IdentityCache[Route] = IdentityCache()


class Draft:
    """One way to match: a set of weights of the file, and the names to look for."""

    def __init__(
        self, route: Route, weights: WeightSet, said: Choices, listed: bool = False
    ) -> None:
        self.route, self.weights, self.said = route, weights, said
        self.stored = weights.tensors
        shapes = {name: tensor.shape for name, tensor in self.stored.items()}
        self._shapes = shapes
        self.listed = listed
        #: By their order alone, where the file is a bare list and all shapes agree.
        self.by_order = in_order(route.own, route.shapes, shapes) if listed else None
        found = paired(route.shapes, shapes, said)
        if said.order and self.by_order is not None:
            found = Paired(Pairing(self.by_order), {})
        self.pairing: Pairing = found.pairing
        self.renamings = found.renamings
        self.found: dict[str, str] = {
            now: self.pairing.pairs[then]
            for now, then in route.before.items()
            if then in self.pairing.pairs
        }
        whole = {
            now: found.whole[then] for now, then in route.before.items() if then in found.whole
        }
        #: Name in the model -> what of the file its weight is computed from, or could be.
        self.normed: Mapping[str, Normed] = whole if said.weight_norm else {}
        self.offered: Mapping[str, Normed] = {} if said.weight_norm else whole
        self.by_hand = ByHand(said.pairs, self.found, route.own, self.stored, route.tied.values())
        self._lend_to_ties()
        self.kinds: dict[str, Kind] = kinds_of(dict(self._differing()))
        self.rows: tuple[Row, ...] = (*self._of_the_model(), *self._left_over())

    @cached_property
    def score(self) -> tuple[int, int]:
        """How many tensors come from the file, and, with the opposite sign, how many do not fit."""
        fitting = sum(row.status in FROM_FILE for row in self.rows)
        return fitting, -sum(row.status in ("shape differs", "unexpected") for row in self.rows)

    def _lend_to_ties(self) -> None:
        """A tied weight that was saved once is there for all its names."""
        for names in self.route.tied.values():
            there = next((self.found[name] for name in names if name in self.found), None)
            if there is not None and not self.by_hand.left.intersection(names):
                for name in names:
                    self.found.setdefault(name, there)

    def _differing(self) -> Iterator[tuple[str, tuple[tuple[int, ...], tuple[int, ...]]]]:
        sizes, shapes = self.route.sizes, self._shapes
        for name, stored in self.found.items():
            if sizes[name] != shapes[stored]:
                yield name, (sizes[name], shapes[stored])

    def _of_the_model(self) -> Iterator[Row]:
        found, sizes, held = self.found.get, self.route.sizes.get, self.stored
        for name, dtype in self.route.dtypes.items():
            stored, size = found(name), sizes(name)
            if size is None:
                note = "has no shape yet: give the model an input, or replace the lazy layer"
                yield Row("missing", name, None, note=note)
            elif stored is None:
                yield Row(self._without(name), name, None, size, dtype=dtype)
            else:
                there = held[stored]
                alike = size == there.shape and dtype == there.dtype and not there.special
                if alike and name not in self.normed:
                    simple: Status = "loaded" if name == stored else "renamed"
                    yield Row(simple, name, stored, size, size, dtype, dtype)
                else:
                    yield self._changed(name, size, dtype, there, stored)

    def _without(self, name: str) -> Status:
        if name in self.by_hand.left:
            return "left"
        if MADE_BY_THE_MODEL.search(name):
            return "own"
        return "new" if self.route.edited and name not in self.route.before else "missing"

    def _changed(
        self, name: str, size: tuple[int, ...], dtype: str, there: StoredTensor, stored: str
    ) -> Row:
        status, how, note = self._fate(name, size, dtype, there)
        return Row(status, name, stored, size, there.shape, dtype, there.dtype, how, note)

    def _fate(
        self, name: str, here: tuple[int, ...], dtype: str, there: StoredTensor
    ) -> tuple[Status, str, str]:
        """Return status, how the values are made, and a note, where they are not as they are."""
        if name in self.normed and self.found[name] == self.normed[name].direction:
            return "converted", "weight norm", f"with {self.normed[name].lengths}"
        if there.special:
            return "shape differs", "", f"is {there.special} in the file: only PyTorch reads that"
        if not _converts(there.dtype, dtype):
            return "shape differs", "", f"is {there.dtype} in the file, which is no {dtype}"
        if here == there.shape:
            return "converted", "dtype", f"{there.dtype} becomes {dtype}"
        if here in ((), (1,)) and there.shape in ((), (1,)):
            return "converted", "reshape", "one number, written by an old PyTorch"
        return self._fate_of_size(name, there)

    def _fate_of_size(self, name: str, there: StoredTensor) -> tuple[Status, str, str]:
        route, kind = self.route, self.kinds[name]
        if MADE_BY_THE_MODEL.search(name):
            return "own", "", "the model makes it itself"
        if route.edited and there.shape == route.shapes.get(route.before.get(name, "")):
            return "sliced", "overlap", "cut as the edits cut it"
        here = route.sizes[name]
        if len(here) != len(there.shape):
            note = f"has {len(there.shape)} dimensions in the file and {len(here)} in the model"
            return "shape differs", "", note
        if kind == "sizes" and sorted(here) == sorted(there.shape):
            return "shape differs", "", PERMUTED  # what overlaps would be values of elsewhere
        if kind == "classes" and self.said.classes:
            return "sliced", "overlap", "the rows that overlap"
        if kind == "channels" and self.said.channels:
            how = self.said.channels
            return ("sliced" if how == "slice" else "converted"), f"channels {how}", ""
        if kind == "positions" and self.said.positions:
            return "converted", "positions", "interpolated"
        if self.said.sizes:
            return "sliced", "overlap", "what overlaps"
        return "shape differs", "", ""

    def _left_over(self) -> Iterator[Row]:
        used = set(self.found.values())
        used.update(n.lengths for name, n in self.normed.items() if name in self.found)
        if len(used) == len(self.stored):
            return
        gone = {
            self.pairing.pairs[then]
            for then in self.route.shapes.keys() - self.route.before.values()
            if then in self.pairing.pairs
        }
        for name, tensor in self.stored.items():
            if name in used:
                continue
            status: Status = "unexpected"
            if name in gone:
                status = "dropped"
            elif name in self.by_hand.passed or MADE_BY_THE_MODEL.search(name):
                status = "ignored"
            yield Row(
                status,
                None,
                name,
                stored_shape=tensor.shape,
                stored_dtype=tensor.dtype,
            )


def _candidates(contents: Contents, said: Choices) -> tuple[WeightSet, ...]:
    labels = ", ".join(f"'{each.label}'" for each in contents.weights)
    listed = bare_list(contents)
    if listed is not None:
        return (listed,)
    if not contents.weights:
        raise CheckpointError(
            f"{contents.path} holds no weights of a model. {in_a_sentence(contents, ())}."
        )
    if said.weights is None:
        return contents.weights
    found = tuple(each for each in contents.weights if each.label == said.weights)
    if not found:
        raise CheckpointError(f"{contents.path} has no weights '{said.weights}'; it has {labels}.")
    return found


def _routes(document: Document, origin: Document | None, said: Choices) -> list[Route]:
    now = _as_it_is(document)
    routes = [now]
    if origin is not None and origin.root is not document.root and said.edits != "after":
        entries = ledger(origin, document).entries
        before = {
            entry.name: entry.before
            for entry in entries
            if entry.before is not None and entry.status != "dropped"
        }
        then = _as_it_is(origin).sizes
        routes.append(Route(now.own, now.sizes, now.dtypes, before, then, edited=True))
        if said.edits == "before":
            del routes[0]
    return routes


def _as_it_is(document: Document) -> Route:
    """Return the names of a document's tensors as they are, for a file of this very model."""
    known = _as_they_are.get(document.root)
    if known is None:
        state = document.root.state_dict(keep_vars=True)
        own = {name: tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}
        shapes = {
            name: tuple(tensor.shape)
            for name, tensor in own.items()
            if not isinstance(tensor, UninitializedTensorMixin)
        }
        dtypes = {name: _dtype(tensor.dtype) for name, tensor in own.items()}
        known = Route(own, shapes, dtypes, {name: name for name in shapes}, shapes)
        _as_they_are.set(document.root, known)
    return known


@cache
def _dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _converts(there: str, here: str) -> bool:
    """Whether numbers of one dtype may become another without a change of what they are."""
    return there == here or there.startswith(_FLOATS) == here.startswith(_FLOATS)


def _nothing(document: Document, contents: Contents, best: Draft) -> str:
    ours, theirs = list(best.route.own), list(best.stored)
    return (
        f"{contents.path} and the model have nothing in common: none of the file's {len(theirs):,}"
        f" tensors ({_few(theirs)}) fits one of the model's {len(ours):,} ({_few(ours)})."
        f" Nothing was loaded; is it a file of another model than {document.source.text}?"
    )


def _few(names: list[str]) -> str:
    """Return the first names; one that is long enough to hide the rest of a sentence is cut."""
    told = [name if len(name) <= _LONG else f"{name[:_LONG]}…" for name in names[:3]]
    return ", ".join(told + ["..."] * (len(names) > 3))

"""Which tensor of a file is which of a model, from names and shapes alone.

Names differ by what a model was wrapped in (``module.``, ``_orig_mod.``), by a prefix that one side
has (``backbone.``), and by how older releases spelled them. Values are never looked at.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Shape = tuple[int, ...]

#: Segments that only a wrapper writes, and which one. ``module`` is a name people use, too.
WRITTEN_BY = {
    "_orig_mod": "torch.compile",
    "_fsdp_wrapped_module": "FullyShardedDataParallel",
    "_checkpoint_wrapped_module": "activation checkpointing",
}
_WRAPPED = re.compile(rf"(?:^|(?<=\.))(module|{'|'.join(WRITTEN_BY)})\.")
#: How names were spelled once, and are now.
_SPELLINGS = (
    (
        "torchvision's densenets before 0.3",
        re.compile(r"(denselayer\d+)\.(norm|relu|conv)\.([12])\."),
        r"\1.\2\3.",
    ),
    ("gamma and beta of normalisations", re.compile(r"\.gamma$"), ".weight"),
    ("gamma and beta of normalisations", re.compile(r"\.beta$"), ".bias"),
    (
        "weight_norm before parametrizations",
        re.compile(r"(^|\.)weight_([gv])$"),
        lambda m: f"{m[1]}parametrizations.weight.original{'gv'.index(m[2])}",
    ),
    (
        "weight_norm of parametrizations",
        re.compile(r"(^|\.)parametrizations\.weight\.original([01])$"),
        lambda m: f"{m[1]}weight_{'gv'[int(m[2])]}",
    ),
)
_MOST_CUTS = 5  # deeper prefixes than a.b.c.d.e. nobody adds
_SAMPLE = 400  # so many names vote for a prefix


@dataclass(frozen=True)
class Prefix:
    """``file`` before a name in the file stands for ``model`` in the model; ``count`` fit so."""

    file: str
    model: str
    count: int


@dataclass(frozen=True)
class Pairing:
    """Name in the model -> name in the file, and how they were found to be the same.

    ``wrapped`` are the parts of names that wrappers wrote (``"module."``, ``"features.module."``),
    of the file and of the model. ``rivals`` are prefixes that fit equally well, so that somebody
    has to say which; nothing was paired by them.
    """

    pairs: Mapping[str, str]
    wrapped: tuple[str, ...] = ()
    wrapped_here: tuple[str, ...] = ()
    prefixes: tuple[Prefix, ...] = ()
    spellings: tuple[str, ...] = ()
    rivals: tuple[Prefix, ...] = ()


def unwrapped(names: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return name -> the name without what wrappers wrote, and those parts as they stand.

    ``module`` counts as written by DataParallel where nothing else stands at its place: a sibling
    means that it is a module of that name. Two names that would become one stay as they are.
    """
    names = list(names)
    lead, places = _lead(names)
    plain = {name: name[len(lead) :] for name in names}
    every = "\n".join(plain.values())
    if "module." not in every and "_orig_mod." not in every:
        return plain, tuple(places)  # what differed still does
    found = [name for name, rest in plain.items() if "module." in rest or "_orig_mod." in rest]
    siblings = _Siblings(plain.values()) if found else None
    for name in found:
        rest, kept, begin = plain[name], "", 0
        for part in _WRAPPED.finditer(rest):
            assert siblings is not None
            if part[1] in WRITTEN_BY or siblings.none(rest[: part.start()]):
                places[lead + rest[: part.end()]] = None
                kept, begin = kept + rest[begin : part.start()], part.end()
        plain[name] = kept + rest[begin:]
    while len(set(plain.values())) < len(plain):  # what stays as it is may be another's plain name
        counts = Counter(plain.values())
        plain = {n: p if counts[p] == 1 else n for n, p in plain.items()}
    return plain, tuple(places)


def _as_written(names: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    return {name: name for name in names}, ()


def _wraps(prefix: Prefix) -> bool:
    """Whether a prefix is what a wrapper writes."""
    return any(_WRAPPED.search(each) for each in (prefix.file, prefix.model))


def _lead(names: Sequence[str]) -> tuple[str, dict[str, None]]:
    """Return what wrappers wrote before every name, and the parts it has."""
    lead, places = "", dict[str, None]()
    while names and (part := _WRAPPED.match(names[0], len(lead))):
        longer = lead + part[0]
        if not all(name.startswith(longer) for name in names):
            break
        lead, places[longer] = longer, None
    return lead, places


class _Siblings:
    """Says whether ``module`` stands alone at a place: all names there go through it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(names)
        self._known: dict[str, bool] = {}

    def none(self, above: str) -> bool:
        if above not in self._known:
            self._known[above] = self._count(above) == self._count(f"{above}module.")
        return self._known[above]

    def _count(self, start: str) -> int:
        """How many names begin so; names that do stand together in the sorted list."""
        if not start:
            return len(self._names)
        after = start[:-1] + chr(ord(start[-1]) + 1)
        return bisect_left(self._names, after) - bisect_left(self._names, start)


def pair(
    model: Mapping[str, Shape],
    file: Mapping[str, Shape],
    prefix: str | None = None,
    keep: Collection[str] = (),
) -> Pairing:
    """Find for each tensor of a model the one of a file; ``prefix`` says where in the file.

    ``keep`` switches off what is understood of names: ``"module prefix"`` (what wrappers wrote),
    ``"prefix"``, ``"spelling"``.

    Equal names come first, then names without wrappers, old spellings, and the prefixes by which
    most tensors of equal shape fall together. What has one name and another shape is paired, too.
    """
    return _Search(model, file, keep).run(prefix)


class _Search:
    """The tensors not yet paired, by unwrapped names, and what was found so far."""

    def __init__(
        self, model: Mapping[str, Shape], file: Mapping[str, Shape], keep: Collection[str]
    ) -> None:
        self._keep = keep
        self._written_alike = bool(model.keys() & file.keys())
        unwrap = _as_written if "module prefix" in keep else unwrapped
        ours, self.wrapped_here = unwrap(model)
        theirs, self.wrapped = unwrap(file)
        # All of these stand in the order of the names as they are written.
        self.own = dict(zip(ours.values(), ours, strict=True))
        self.stored = dict(zip(theirs.values(), theirs, strict=True))
        self.model = dict(zip(ours.values(), model.values(), strict=True))
        self.file = dict(zip(theirs.values(), file.values(), strict=True))
        self.pairs: dict[str, str] = {}
        self.prefixes: list[Prefix] = []
        self.spellings: dict[str, None] = {}
        self.rivals: tuple[Prefix, ...] = ()

    def run(self, prefix: str | None) -> Pairing:
        if prefix is not None:
            for each in self._best(prefix)[:1]:
                self._by(each)
                self._by(each, any_shape=True)
        self._literally()
        same = Prefix("", "", 0)
        self._by(same)
        if self.model and self.file and "spelling" not in self._keep:
            self._by_spelling()
        if self.pairs:  # what has the same name is the same, whatever its shape
            self._by(same, any_shape=True)
        for _ in range(4):
            if not (self.model and self.file) or "prefix" in self._keep:
                break
            best = self._best()
            if len(best) != 1:
                self.rivals = best
                break
            self._by(best[0])
            self._by(best[0], any_shape=True)
        self._by(same, any_shape=True)
        return Pairing(
            self.pairs,
            self.wrapped,
            self.wrapped_here,
            tuple(self.prefixes),
            tuple(self.spellings),
            self.rivals,
        )

    def _take(self, own: str, stored: str) -> None:
        self.pairs[self.own[own]] = self.stored[stored]
        del self.model[own], self.file[stored]

    def _take_equal(self, any_shape: bool) -> None:
        """Pair what has one name on both sides; mostly that is all there is."""
        model, file = self.model, self.file
        if any_shape:
            found = [name for name in file if name in model]
        else:
            found = [name for name, shape in file.items() if model.get(name) == shape]
        own, stored = map(self.own.__getitem__, found), map(self.stored.__getitem__, found)
        self.pairs.update(zip(own, stored, strict=True))
        if len(found) == len(model) == len(file):
            self.model, self.file = {}, {}
            return
        for name in found:
            del model[name], file[name]

    def _literally(self) -> None:
        """Pair names that are equal as written, whatever a wrapper may have to do with it."""
        if not self._written_alike:
            return
        written = {self.stored[plain]: plain for plain in self.file}
        for plain, shape in list(self.model.items()):
            other = written.get(self.own[plain])
            if other is not None and self.file[other] == shape:
                self._take(plain, other)

    def _by(self, prefix: Prefix, any_shape: bool = False) -> None:
        if not (self.model and self.file):
            return
        if not (prefix.file or prefix.model):
            self._take_equal(any_shape)
            return
        found = 0
        for stored, own in list(self._fitting(prefix, any_shape)):
            if own in self.model and stored in self.file:
                self._take(own, stored)
                found += 1
        if found and not any_shape:
            self.prefixes.append(Prefix(prefix.file, prefix.model, found))

    def _fitting(self, prefix: Prefix, any_shape: bool = False) -> Iterator[tuple[str, str]]:
        """Yield (name in the file, name in the model) of what falls together by a prefix."""
        if not (prefix.file or prefix.model):
            for name, shape in self.file.items():
                if name in self.model and (any_shape or self.model[name] == shape):
                    yield name, name
            return
        start = len(prefix.file)
        for stored, shape in self.file.items():
            if stored.startswith(prefix.file):
                own = prefix.model + stored[start:]
                other = self.model.get(own)
                if other is not None and (any_shape or other == shape):
                    yield stored, own

    def _by_spelling(self) -> None:
        for stored, shape in list(self.file.items()):
            for known_as, pattern, now in _SPELLINGS:
                own = pattern.sub(now, stored)
                if own != stored and self.model.get(own) == shape:
                    self._take(own, stored)
                    self.spellings[known_as] = None
                    break

    def _best(self, wanted: str | None = None) -> tuple[Prefix, ...]:
        """Return the prefix by which most falls together; several where they fit equally well."""
        counted = []
        for (theirs, ours), _ in self._votes(wanted).most_common(12):
            found = Prefix(theirs, ours, 0)
            fits = frozenset(own for _, own in self._fitting(found))
            counted.append((Prefix(theirs, ours, len(fits)), fits))
        counted = [each for each in counted if self._convincing(each[0])]
        if "module prefix" in self._keep:
            counted = [each for each in counted if not _wraps(each[0])]
        if not counted:
            return ()
        best, covered = min(
            counted, key=lambda each: (-each[0].count, len(each[0].file) + len(each[0].model))
        )
        rivals = [
            other
            for other, fits in counted
            if fits == covered and other.model == best.model and other.file != best.file
        ]
        return (best, *rivals)

    def _votes(self, wanted: str | None) -> Counter[tuple[str, str]]:
        ends: dict[str, list[tuple[str, Shape]]] = {}
        for name, shape in self.model.items():
            for prefix, rest in _cuts(name):
                ends.setdefault(rest, []).append((prefix, shape))
        names = [n for n in self.file if wanted is None or n.startswith(wanted)]
        votes: Counter[tuple[str, str]] = Counter()
        for name in names[:: max(1, len(names) // _SAMPLE)]:
            shape = self.file[name]
            for prefix, rest in _cuts(name):
                if wanted is not None and prefix != wanted:
                    continue
                for ours, other in ends.get(rest, ())[:64]:
                    if other == shape:
                        votes[prefix, ours] += 1
        return votes

    def _convincing(self, prefix: Prefix) -> bool:
        """Two tensors at least, and half of what is left on one side: less may be chance."""
        if prefix.count < min(2, len(self.model)):
            return False
        there = sum(name.startswith(prefix.file) for name in self.file)
        here = sum(name.startswith(prefix.model) for name in self.model)
        return 2 * prefix.count >= min(there, here)


def _cuts(name: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to cut a name into a prefix, which may be empty, and the rest."""
    yield "", name
    at = -1
    for _ in range(_MOST_CUTS):
        at = name.find(".", at + 1)
        if at < 0:
            return
        yield name[: at + 1], name[at + 1 :]

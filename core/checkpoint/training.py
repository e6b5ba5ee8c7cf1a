"""The state of a training: an optimizer's moments follow their parameters through edits.

torch.optim numbers parameters in the order in which its groups were given them, and loads a state
by these numbers. After an edit the numbers mean other parameters. Here each number is bound to the
name of a parameter once, and given the number of that parameter's successor when it is saved.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.checkpoint.binding import bound_names
from core.checkpoint.moments import as_trained, fitting_moments, resized
from core.checkpoint.plan import Row
from core.checkpoint.values import Mapped, plain
from core.document import Document, key_map, ledger
from core.errors import CheckpointError
from core.files import Contents, Inert, StoredTensor
from core.files.optimizers import is_optimizer

_WEIGHTS = ("state_dict", "model", "model_state_dict", "net", "network", "module")


@dataclass(frozen=True, eq=False)
class TrainingState:
    """What a checkpoint held beside its weights, and the document it was loaded with.

    ``entries`` are the file's, by name, as plain values; ``bound`` is, for each optimizer among
    them, the names of its parameters by number, ``None`` where it could not be said which they are.
    An optimizer in a list or a dictionary is called by the way to it (``optimizer_states.0``, as
    Lightning has it). ``before`` is name in the document -> name in the model that was trained,
    where edits lie between the two. ``notes`` tell what could not be taken along.
    """

    document: Document
    entries: Mapping[str, Any]
    bound: Mapping[str, tuple[str, ...] | None]
    notes: tuple[str, ...] = ()
    before: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Rebound:
    """The entries for a document as it is now.

    ``groups`` are, for each optimizer, the names of the parameters of each of its groups, in the
    order in which an optimizer must be given them. ``notes`` say what was dropped or put where,
    ``warnings`` which parameters no group holds.
    """

    entries: Mapping[str, Any]
    groups: Mapping[str, tuple[tuple[str, ...], ...]]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def training_of(
    contents: Contents,
    document: Document,
    trained: Document | None = None,
    rows: Iterable[Row] = (),
) -> TrainingState | None:
    """Return the training state of a file whose weights were loaded into ``document``.

    ``trained`` is the document before its edits, where the file is of that one. ``rows`` are the
    plan's: the moments of a weight that was cut are cut as it was.
    """
    if not isinstance(contents.tree, dict) or contents.kind == "state dict":
        return None
    labels = {each.label.partition(".")[0] for each in contents.weights}
    mapped = Mapped()
    entries: dict[str, Any] = {}
    notes: list[str] = []
    for key, value in contents.tree.items():
        if not isinstance(key, str) or key in labels or key in _WEIGHTS:
            continue
        try:
            entries[key] = plain(_settings(value), mapped)
        except CheckpointError as error:
            notes.append(f"{key} was not taken along: {error}")
    if not entries:
        return None
    before = None if trained is None else _followed(trained, document)
    sizes = resized(rows, document, before)
    parameters = as_trained(list((trained or document).root.named_parameters()), sizes)
    bound: dict[str, tuple[str, ...] | None] = {}
    for way, state in list(_optimizers(entries)):
        key = ".".join(map(str, way))
        names = bound[key] = bound_names(state, parameters)
        if names is not None and sizes:
            fitting, told = fitting_moments(state, names, sizes)
            entries = _replaced(entries, way, fitting)
            notes += [f"{key}: {each}" for each in told]
        if names is None:
            notes.append(
                f"The parameters of {key} could not be told apart: its state is kept as it is,"
                " and loads only into an unchanged model."
            )
    return TrainingState(document, entries, bound, tuple(notes), before)


def _followed(trained: Document, document: Document) -> dict[str, str]:
    """Return name in the loaded document -> name before the edits, of what no edit has cut."""
    return {
        entry.name: entry.before
        for entry in ledger(trained, document).entries
        if entry.before is not None and entry.status in ("kept", "moved", "loaded")
    }


def _optimizers(entries: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the way to each optimizer's state, and the state; two steps deep at most."""
    if is_optimizer(entries):
        yield way, entries
    elif len(way) < 2 and isinstance(entries, dict | list | tuple):
        pairs = entries.items() if isinstance(entries, dict) else enumerate(entries)
        for key, value in pairs:
            yield from _optimizers(value, (*way, key))


def _replaced(entries: Any, way: Sequence[Any], state: Any) -> Any:
    """Return a copy with another state at the end of the way; the given entries stay."""
    if not way:
        return state
    changed = _replaced(entries[way[0]], way[1:], state)
    if isinstance(entries, dict):
        return {**entries, way[0]: changed}
    return type(entries)([*entries[: way[0]], changed, *entries[way[0] + 1 :]])


def rebound(training: TrainingState, document: Document) -> Rebound:
    """Return the entries with each optimizer's state at the numbers of the parameters of now.

    A new parameter gets no state and joins the group of the one it replaced, or of its neighbour; a
    removed one goes; groups keep their settings. The optimizer to load it into is built from
    ``groups``: ``SGD([{"params": [p[n] for n in names]} for names in groups["optimizer"]])``.
    """
    entries: Any = dict(training.entries)
    groups: dict[str, tuple[tuple[str, ...], ...]] = {}
    notes, warnings = list(training.notes), []
    before = key_map(training.document, document)
    if training.before is not None:
        there = training.before
        before = {now: there[then] for now, then in before.items() if then in there}
    parameters = dict(document.root.named_parameters())
    for way, state in list(_optimizers(entries)):
        key = ".".join(map(str, way))
        names = training.bound.get(key)
        if names is None:
            continue
        rebinding = _Rebinding(key, state, names, before, list(parameters))
        again, groups[key] = rebinding.state()
        entries = _replaced(entries, way, again)
        notes += rebinding.notes
    several = len(groups) > 1  # then each has its part of the model
    held = {name for each in groups.values() for group in each for name in group}
    if groups:
        whose = "any optimizer" if several else next(iter(groups))
        warnings = [
            f"{name} is in no parameter group of {whose}: it will not be trained."
            for name, parameter in parameters.items()
            if name not in held and parameter.requires_grad
        ]
    return Rebound(entries, groups, tuple(notes), tuple(warnings))


class _Rebinding:
    """One optimizer's state on its way from the parameters of then to those of now."""

    def __init__(
        self, key: str, state: Mapping[str, Any], names: Sequence[str],
        before: Mapping[str, str], now: Sequence[str],
    ) -> None:  # fmt: skip
        self._key, self._state, self._now, self._before = key, state, now, before
        self._number = {name: number for number, name in enumerate(names)}
        self._group = {
            name: index
            for index, group in enumerate(state["param_groups"])
            for name in (names[number] for number in group["params"])
        }
        self.notes: list[str] = []

    def state(self) -> tuple[dict[str, Any], tuple[tuple[str, ...], ...]]:
        """Return the state dict, and the names of each group's parameters."""
        members: list[list[str]] = [[] for _ in self._state["param_groups"]]
        for index, name in self._placed():
            members[index].append(name)
        numbers = {name: n for n, name in enumerate(name for each in members for name in each)}
        groups = []
        for old, names in zip(self._state["param_groups"], members, strict=True):
            group = {**old, "params": [numbers[name] for name in names]}
            if "param_names" in old:
                group["param_names"] = list(names)
            groups.append(group)
        moments = {}
        for name, number in numbers.items():
            then = self._before.get(name)
            if then in self._number and self._number[then] in self._state["state"]:
                moments[number] = self._state["state"][self._number[then]]
        kept = {self._before[name] for name in numbers if name in self._before}
        gone = [name for name in self._number if name not in kept]
        if gone:
            self.notes.append(f"{self._key}: the state of {_list(gone)} was dropped.")
        state = {**self._state, "state": moments, "param_groups": groups}
        return state, tuple(tuple(each) for each in members)

    def _placed(self) -> Iterator[tuple[int, str]]:
        """Yield each parameter of now with its group."""
        last = 0
        fresh = []
        for name in self._now:
            then = self._before.get(name)
            if then is not None:
                if then not in self._group:
                    continue  # it was trained by nobody before
                last = self._group[then]
            else:
                last = self._group.get(name, last)
                fresh.append(name)
            yield last, name
        if fresh:
            self.notes.append(f"{self._key}: {_list(fresh)} new, without state yet.")


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _settings(value: Any) -> Any:
    """Return arguments of a script as a dictionary: what ``argparse.Namespace`` holds."""
    if isinstance(value, Inert) and value.name == "argparse.Namespace":
        return value.state if isinstance(value.state, dict) else {}
    if isinstance(value, dict):
        return {key: _settings(each) for key, each in value.items()}
    if isinstance(value, list) and not any(isinstance(each, StoredTensor) for each in value):
        return [_settings(each) for each in value]
    return value

"""What is recognised about a file and a model, each in one sentence."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.checkpoint.choices import ANSWERS, KEPT, rename_text
from core.checkpoint.plan import Choice, Condition, Row, Standing
from core.checkpoint.sizes import PERMUTED
from core.files import Contents, WeightSet
from core.files.naming import WRITTEN_BY

if TYPE_CHECKING:
    from core.checkpoint.match import Draft

#: The choice that leaves in names what wrappers wrote there.
_WRAPPERS = "keep=module prefix"


def conditions(
    contents: Contents,
    draft: "Draft",
    rivals: tuple[WeightSet, ...],
    candidates: tuple[WeightSet, ...],
    either: bool = False,
) -> Iterator[Condition]:
    """Yield what was recognised: where the weights stand, names, sizes, dtypes, what is left.

    ``either``: it fits the model before its edits and after them, and not in the same way.
    """
    yield from _place(contents, draft.weights, rivals, candidates)
    if either:
        yield _of_when()
    yield from _names(draft)
    yield from _listed_alone(draft)
    yield from _normed(draft)
    yield from _chosen(draft)
    yield from _sizes(draft)
    yield from _values(draft)
    yield from _rest(contents, draft)


def _place(
    contents: Contents,
    weights: WeightSet,
    rivals: tuple[WeightSet, ...],
    candidates: tuple[WeightSet, ...],
) -> Iterator[Condition]:
    if len(rivals) > 1:
        yield _which(rivals)
    elif len(candidates) > 1:
        others = ", ".join(f"'{each.label}'" for each in candidates if each is not weights)
        text = f"Of several sets of weights '{weights.label}' fits best; there is also {others}."
        yield Condition("several sets", text, "notes", _labels(candidates))
    if weights.label:
        text = f"The weights stand under '{weights.label}' in a {contents.kind}."
        yield Condition("nested", text, "repaired")
    if weights.module:
        text = f"The file holds a whole model of class {weights.module}; it was read, not run."
        yield Condition("whole model", text, "repaired")
    for wrapper in weights.wrappers:
        yield Condition(
            "wrapped", f"The model in it was wrapped in {wrapper}; unwrapped.", "repaired"
        )
    for note in weights.notes:
        yield Condition("note", note, "notes")
    several = sum(bool(each.pieces) for each in weights.tensors.values())
    if several:
        text = f"{several} tensors were saved in pieces, by several processes; put together."
        yield Condition("pieces", text, "repaired")
    if contents.format == "raw pickle" and any(n.name.startswith("numpy.") for n in contents.names):
        yield Condition("numpy", "The values are NumPy arrays; they become tensors.", "repaired")


def _of_when() -> Condition:
    text = "The file fits the model before its edits and as it is now, in two ways: say which."
    choices = tuple(Choice(f"edits={when}", how) for when, how in ANSWERS["edits"].items())
    return Condition("before or after", text, "asks", choices)


def _which(rivals: tuple[WeightSet, ...]) -> Condition:
    averaged = [each for each in rivals if each.averaged]
    trained = [each for each in rivals if not each.averaged]
    if averaged and trained:
        text = (
            f"The file holds the weights as trained ('{trained[0].label}') and their moving"
            f" average ('{averaged[0].label}'), which is mostly better for use: say which."
        )
        return Condition("raw and averaged", text, "asks", _labels(rivals))
    place = _in_one_list(rivals)
    if place is not None:
        where = f"in the list '{place}'" if place else "in a list"
        text = (
            f"The file holds {len(rivals)} sets of weights {where}, as an ensemble has them, that"
            " fit equally well: say which."
        )
        return Condition("several sets", text, "asks", _labels(rivals))
    text = f"The file holds {len(rivals)} sets of weights that fit equally well: say which."
    return Condition("several sets", text, "asks", _labels(rivals))


def _in_one_list(sets: tuple[WeightSet, ...]) -> str | None:
    """Return where the list stands that all of them are in by number, or ``None``."""
    parts = [each.label.rpartition(".") for each in sets]
    places = {place for place, _, number in parts if number.isdigit()}
    return places.pop() if len(places) == 1 and all(n.isdigit() for *_, n in parts) else None


def _labels(sets: tuple[WeightSet, ...]) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            f"weights={each.label}",
            f"'{each.label}', the moving average" if each.averaged else f"'{each.label}'",
        )
        for each in sets
    )


def _names(draft: "Draft") -> Iterator[Condition]:
    pairing = draft.pairing
    renamed = [row for row in draft.rows if row.stored and row.name and row.name != row.stored]
    for place in pairing.wrapped:
        if any(row.stored.startswith(place) for row in renamed if row.stored):
            yield _wrapper(place)
    for place in pairing.wrapped_here:
        if any(row.name.startswith(place) for row in renamed if row.name):
            text = f"The model's names have '{place}', the file's do not; it was added."
            yield Condition("wrapped here", text, "repaired", switch=_WRAPPERS)
    for prefix in pairing.prefixes:
        if not prefix.model:
            text = f"Names in the file begin with '{prefix.file}', which was taken away"
        elif not prefix.file:
            text = f"The model's names begin with '{prefix.model}', which was added"
        else:
            text = f"'{prefix.file}' in the file is '{prefix.model}' in the model"
        yield Condition(
            "prefix", f"{text} ({prefix.count} tensors).", "repaired", switch="keep=prefix"
        )
    for spelling in pairing.spellings:
        text = f"Old names were understood: {spelling}."
        yield Condition("spelling", text, "repaired", switch="keep=spelling")
    if pairing.rivals:
        rivals = ", ".join(f"'{each.file}'" for each in pairing.rivals)
        choices = tuple(
            Choice(f"prefix={each.file}", f"the {each.count} tensors under '{each.file}'")
            for each in pairing.rivals
        )
        yield Condition(
            "rival prefixes", f"Names under {rivals} fit equally well: say which.", "asks", choices
        )
    for each in draft.renamings:
        text = (
            f"'{each.file}' in the file is called '{each.model}' in the model: the {each.count}"
            " tensors below it have the same names, sizes and order."
        )
        label = f"take '{each.file}' for '{each.model}'"
        choice = Choice(rename_text(each.model, each.file), label)
        yield Condition("renamed part", text, "offers", (choice,))
    for here, there in draft.said.renames:
        text = f"'{there}' in the file was taken for '{here}' in the model, as you said."
        yield Condition("renamed part", text, "notes")
    if draft.route.edited:
        text = "The file is of the model before its edits; the edits' key map was followed."
        yield Condition("key map", text, "repaired")


def _listed_alone(draft: "Draft") -> Iterator[Condition]:
    """Say of a list without names that its order is all there is."""
    if not draft.listed:
        return
    first = f"The file is a bare list of {len(draft.stored)} tensors, without names"
    if draft.by_order is None:
        text = (
            f"{first}; its shapes are not, in order, those of the model or of its parameters, so"
            " nothing says which is which. Save model.state_dict() instead."
        )
        yield Condition("bare list", text, "warns")
    elif draft.said.order:
        text = f"{first}; taken in their order, as you said."
        yield Condition("bare list", text, "notes")
    else:
        text = (
            f"{first}. In order their shapes are the model's: order=file takes them so. Layers of"
            " one size could have changed places."
        )
        choices = tuple(Choice(f"order={each}", what) for each, what in ANSWERS["order"].items())
        yield Condition("bare list", text, "offers", choices)


def _normed(draft: "Draft") -> Iterator[Condition]:
    names = _listed([*draft.normed, *draft.offered])
    apart = next(iter((*draft.normed.values(), *draft.offered.values())), None)
    if apart is None:
        return
    first = (
        f"The file holds {names} apart, as weight_norm trains weights: a direction"
        f" ({apart.direction}) and lengths ({apart.lengths})"
    )
    if draft.normed:
        yield Condition("weight norm", f"{first}; put together as g * v / |v|.", "repaired")
        return
    text = f"{first}. The model has whole weights: they can be computed."
    choices = tuple(Choice(f"weight_norm={a}", b) for a, b in ANSWERS["weight_norm"].items())
    yield Condition("weight norm", text, "offers", choices)


def _chosen(draft: "Draft") -> Iterator[Condition]:
    made = [f"{name} from {there}" for name, there in draft.said.pairs.items() if there]
    if made:
        yield Condition("paired", f"Taken as you said: {_listed(made)}.", "notes")
    if draft.by_hand.left:
        text = f"Left as the model has them, as you said: {_listed(sorted(draft.by_hand.left))}."
        yield Condition("left", text, "notes")
    for each in sorted(draft.said.keep):
        text = f"Not repaired, as you said ({each}): {KEPT[each]}."
        yield Condition("kept", text, "notes", switch=f"keep={each}")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _wrapper(place: str) -> Condition:
    last = place.rstrip(".").rpartition(".")[2]
    if last in WRITTEN_BY:
        text = f"'{place}' in names was written by {WRITTEN_BY[last]}; it was taken away."
        kind = "compiled" if last == "_orig_mod" else "wrapped"
        return Condition(kind, text, "repaired", switch=_WRAPPERS)
    if place == "module.":
        text = "All names begin with 'module.': saved from DataParallel. It was taken away."
    else:
        text = f"'{place}' in names: that part was wrapped in DataParallel. It was taken away."
    return Condition("module prefix", text, "repaired", switch=_WRAPPERS)


def _sizes(draft: "Draft") -> Iterator[Condition]:
    yield from _permuted([row for row in draft.rows if row.note == PERMUTED])
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in draft.rows if draft.kinds else ():
        kind = draft.kinds.get(row.name or "")
        if kind is None or row.status == "own" or row.note == PERMUTED:
            continue
        part = (row.name or "").rpartition(".")[0] if kind == "classes" else row.name or ""
        groups.setdefault((kind, part), []).append(row)
    for (which, part), rows in groups.items():
        row = max(rows, key=lambda each: len(each.shape or ()))
        if row.status != "shape differs":
            if row.how:
                yield Condition(which, _fitted(part, row), "repaired")
            continue
        fitting = len(row.shape or ()) == len(row.stored_shape or ()) and not row.note
        choices = tuple(
            Choice(f"{which}={how}", text) for how, text in ANSWERS[which].items() if fitting
        )
        standing: Standing = "offers" if choices else "warns"
        yield Condition(which, _difference(which, part, row), standing, choices)


def _permuted(rows: list[Row]) -> Iterator[Condition]:
    """Say it once of all: a file that another framework wrote has each weight so."""
    if rows:
        row = max(rows, key=lambda each: len(each.shape or ()))
        what = "One tensor has" if len(rows) == 1 else f"{len(rows)} tensors have"
        text = (
            f"{what} the same sizes in another order in the file: {row.name} is"
            f" {_size(row.stored_shape or ())} there and {_size(row.shape or ())} in the model."
            " Such is the layout of TensorFlow and Flax; permute the dimensions before you save"
            " the file."
        )
        yield Condition("layout", text, "warns")


def _difference(kind: str, part: str, row: Row) -> str:
    here, there = row.shape or (), row.stored_shape or ()
    if kind == "classes":
        return f"{part} has {here[0]:,} outputs in the model and {there[0]:,} in the file."
    if kind == "channels":
        return f"{part} takes {here[1]} channels in the model and {there[1]} in the file."
    if kind == "positions":
        return f"{part} has {here[-2]:,} positions in the model and {there[-2]:,} in the file."
    if row.note:
        return f"{part} {row.note}."
    return f"{part} is {_size(here)} in the model and {_size(there)} in the file."


def _fitted(part: str, row: Row) -> str:
    return f"{part}: {_size(row.stored_shape or ())} in the file was made {_size(row.shape or ())}."


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a single number"


def _values(draft: "Draft") -> Iterator[Condition]:
    dtypes = Counter(
        (row.stored_dtype, row.dtype)
        for row in draft.rows
        if row.status in ("converted", "sliced") and row.dtype != row.stored_dtype
    )
    for (there, here), count in dtypes.items():
        text = f"{count} tensors are {there} in the file and become {here}, as in the model."
        if count == 1:
            text = f"One tensor is {there} in the file and becomes {here}, as in the model."
        yield Condition("dtype", text, "repaired")
    devices = {tensor.device for tensor in draft.stored.values()} - {"", "cpu", "meta"}
    if devices:
        text = f"Saved from {', '.join(sorted(devices))}; loaded to where the model is."
        yield Condition("device", text, "repaired")
    counters = [row for row in draft.rows if row.status == "own" and row.stored is None]
    if counters:
        names = sorted({(row.name or "").rpartition(".")[2] for row in counters})
        text = (
            f"{len(counters)} buffers that the model makes itself ({', '.join(names)}) are not in"
            " the file; the model's own stay."
        )
        yield Condition("own buffers", text, "repaired")
    for tied in draft.route.tied.values():
        saved = {draft.found[name] for name in tied if name in draft.found}
        text = f"{' and '.join(tied)} are one tensor here"
        if len(saved) == 1:
            yield Condition("tied", f"{text}, saved once.", "repaired")
        elif saved:
            text += f", saved {len(saved)} times; loading checks that they are equal."
            yield Condition("tied", text, "repaired")


def _rest(contents: Contents, draft: "Draft") -> Iterator[Condition]:
    left = [row.stored or "" for row in draft.rows if row.status == "unexpected"]
    if left:
        parts = Counter(name.partition(".")[0] for name in left)
        text = ", ".join(f"{part} ({count})" for part, count in parts.most_common(4))
        more = ", ..." if len(parts) > 4 else ""
        what = "One tensor has" if len(left) == 1 else f"{len(left)} tensors have"
        yield Condition("unexpected", f"{what} no place in the model: {text}{more}.", "warns")
    if contents.dangerous:
        names = ", ".join(each.name for each in contents.dangerous[:3])
        text = f"The file names {names}, which plain unpickling would run; nothing was run."
        yield Condition("code", text, "warns")

"""What changed between two documents, module by module.

Both trees share every module that no edit touched, so the comparison goes top down and skips what
is the same object.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from torch import nn

from core.document.document import Document
from core.document.lineage import weight_id
from core.document.surgery import join

Kind = Literal["added", "removed", "replaced", "changed", "moved", "weights", "frozen", "thawed"]


@dataclass(frozen=True)
class Change:
    """One difference.

    ``path`` is the place now (before, if removed); the texts are class and arguments.
    ``weights`` means the same layer with other values; ``frozen`` and ``thawed`` that only its
    trainability changed. Where the same of these is true of a whole part, it is said once.
    """

    kind: Kind
    path: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "added":
                return f"+ {self.path}: {self.after}"
            case "removed":
                return f"- {self.path}: {self.before}"
            case "moved":
                return f"> {self.before} -> {self.path}"
            case "weights":
                return f"* {self.path or '(root)'}: {self.after}, other weights"
            case "frozen" | "thawed":
                return f"* {self.path or '(root)'}: {self.kind}"
            case _:
                return f"~ {self.path or '(root)'}: {self.before} -> {self.after}"


def difference(before: Document, after: Document) -> tuple[Change, ...]:
    """Return the changes that lead from one document to the other, in tree order."""
    return tuple(_compare("", before.root, after.root))


def brief(module: nn.Module) -> str:
    """Return class and arguments as PyTorch prints them; of children only the names."""
    return f"{type(module).__name__}({module.extra_repr() or ', '.join(module._modules)})"


def _compare(path: str, old: nn.Module, new: nn.Module) -> Iterator[Change]:
    if old is new:
        return
    if type(old) is not type(new) and _are_kin(old, new):  # re-wired: its children are compared too
        yield Change("changed", path, brief(old), brief(new))
        yield from _compare_children(path, old, new)
        return
    if type(old) is not type(new) or not (old._modules or new._modules):
        if brief(old) != brief(new):
            kind: Kind = "changed" if type(old) is type(new) else "replaced"
            yield Change(kind, path, brief(old), brief(new))
        else:
            yield Change(_of_weights(old, new), path, brief(old), brief(new))
        return
    changes = [*_compare_own(path, old, new), *_compare_children(path, old, new)]
    kinds = {change.kind for change in changes}
    if len(kinds) == 1 and kinds <= {"weights", "frozen", "thawed"}:
        told = {change.path for change in changes} - {path}
        if told and _are_all(told, path, new):
            yield Change(changes[0].kind, path, brief(old), brief(new))
            return
    yield from changes


def _are_kin(old: nn.Module, new: nn.Module) -> bool:
    """Whether one class is the other with another forward, as opposed to another layer."""
    one, other = type(old), type(new)
    related = issubclass(one, other) or issubclass(other, one) or one.__name__ == other.__name__
    shared = set(old._modules) & set(new._modules)
    return related and bool(shared) and nn.Module not in (one, other)


def _are_all(told: set[str], path: str, module: nn.Module) -> bool:
    """Whether ``told`` are the children of a module that have parameters, and nothing deeper."""
    met = 0
    for name, child in module._modules.items():
        if join(path, name) in told:
            met += 1
        elif child is not None and next(child.parameters(), None) is not None:
            return False
    return met == len(told)


def _compare_own(path: str, old: nn.Module, new: nn.Module) -> Iterator[Change]:
    if old.extra_repr() != new.extra_repr():
        yield Change("changed", path, brief(old), brief(new))
    elif _own_tensors(old) != _own_tensors(new):
        yield Change(_of_weights(old, new), path, brief(old), brief(new))


def _of_weights(old: nn.Module, new: nn.Module) -> Kind:
    """Say whether two equal layers differ in their values, or only in being trained or not."""
    was, now = list(old.parameters(recurse=False)), list(new.parameters(recurse=False))
    if [weight_id(tensor) for tensor in was] != [weight_id(tensor) for tensor in now]:
        return "weights"
    trained = sum(p.requires_grad for p in now) - sum(p.requires_grad for p in was)
    return "weights" if not trained else "thawed" if trained > 0 else "frozen"


def _compare_children(path: str, old: nn.Module, new: nn.Module) -> Iterator[Change]:
    was = {name: child for name, child in old._modules.items() if child is not None}
    now = {name: child for name, child in new._modules.items() if child is not None}
    # Of 40,000 children one has changed: what stands where it stood is passed over first.
    fresh = {name: child for name, child in now.items() if was.get(name) is not child}
    gone = {name: child for name, child in was.items() if now.get(name) is not child}
    names = {id(child): name for name, child in gone.items()}
    moved = {name: names[id(child)] for name, child in fresh.items() if id(child) in names}
    matched = set(moved.values())
    for name, child in fresh.items():
        place = join(path, name)
        if name in moved:
            yield Change("moved", place, join(path, moved[name]), brief(child))
        elif name in gone and name not in matched:
            matched.add(name)
            yield from _compare(place, gone[name], child)
        else:
            yield Change("added", place, after=brief(child))
    for name, child in gone.items():
        if name not in matched:
            yield Change("removed", join(path, name), before=brief(child))


def _own_tensors(module: nn.Module) -> list[int]:
    return [id(t) for r in (module._parameters, module._buffers) for t in r.values()]

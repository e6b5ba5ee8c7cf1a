"""One module's run in progress: its clone, what it calls, and under which names."""

import weakref
from typing import Any

from torch import nn

from core.analysis.calls import Call, Failure, Place
from core.analysis.operators import Operator


class Frame:
    """A module while its forward runs.

    ``lively`` turns true when the run did something a remembered answer would leave out.
    ``assuming`` says that operators which fail are to be given a likely result.
    """

    __slots__ = (
        "_level", "_names", "assuming", "failures", "inner", "lively", "module", "operators",
        "parent", "path", "positional", "twin",
    )  # fmt: skip

    def __init__(
        self, module: nn.Module, twin: nn.Module, parent: "Frame | None", path: str
    ) -> None:
        self.module = module
        self.twin = twin
        self.parent = parent
        self.path = path
        self.inner: list[tuple[Place, Call]] = []
        self.operators: list[Operator] = []
        self.failures: list[Failure] = []
        self.lively = False
        self.positional = False
        self.assuming = False
        self._names: dict[int, str] | None = None
        self._level: list[tuple[str, nn.Module]] = []

    def begin_again(self) -> None:
        """Forget the run so far, and assume where an operator fails."""
        self.inner, self.operators, self.failures = [], [], []
        self.assuming = True

    def place_of(self, module: nn.Module) -> Place:
        """Return where ``module`` stands below this one, or the module where it does not."""
        names = self._names
        if names is None:
            names = self._names = {id(self.module): ""}
            self._level = [("", self.module)]
            self._descend(names)
        place = names.get(id(module))
        while place is None and self._level:
            self._descend(names)
            place = names.get(id(module))
        return weakref.ref(module) if place is None else place

    def _descend(self, names: dict[int, str]) -> None:
        """Name the modules one level further down: lists of modules are called through."""
        below: list[tuple[str, nn.Module]] = []
        for prefix, module in self._level:
            for name, child in module._modules.items():
                if child is not None and id(child) not in names:
                    place = f"{prefix}.{name}" if prefix else name
                    names[id(child)] = place
                    below.append((place, child))
        self._level = below


def adopt(frame: Frame, place: Place, twin: nn.Module, originals: "Originals") -> None:
    """Let the running module see ``twin``, which was written to, where its original stands."""
    if type(place) is not str or not place:
        return
    *above, name = place.split(".")
    holder = frame.twin
    for each in above:
        child = holder._modules[each]
        if child is None:
            return
        if child not in originals:
            child = originals.cloned(child)
            holder._modules[each] = child
        holder = child
    holder._modules[name] = twin


class Originals:
    """Which clone stands for which module of the document, for the time of one pass."""

    def __init__(self, clone: Any) -> None:
        self._clone = clone
        self._of: dict[int, tuple[nn.Module, nn.Module]] = {}
        self._lasting: dict[int, nn.Module] = {}

    def __contains__(self, module: nn.Module) -> bool:
        return id(module) in self._of

    def of(self, module: nn.Module) -> nn.Module:
        """Return the document's module for a clone, and any other module as it is."""
        pair = self._of.get(id(module))
        return module if pair is None else pair[1]

    def twin(self, module: nn.Module) -> nn.Module:
        """Return the clone to run: the one already written to, or a new one."""
        lasting = self._lasting.get(id(module)) if self._lasting else None
        if lasting is not None:
            return lasting
        twin: nn.Module = self._clone(module)
        self._of[id(twin)] = (twin, module)
        return twin

    def keep(self, twin: nn.Module, module: nn.Module) -> None:
        """Use ``twin`` for ``module`` from now on: what was written to it is to be seen."""
        self._of[id(twin)] = (twin, module)
        self._lasting[id(module)] = twin

    def drop(self, twin: nn.Module, module: nn.Module) -> None:
        """Forget a clone whose run is over, unless it was kept."""
        if self._lasting.get(id(module)) is not twin:
            self._of.pop(id(twin), None)

    def cloned(self, module: nn.Module) -> nn.Module:
        """Return a new clone that is kept."""
        twin: nn.Module = self._clone(module)
        self.keep(twin, module)
        return twin

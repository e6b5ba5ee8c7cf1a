"""What goes in and out of the selected modules, and what they cost."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import numbers
from app.parts import Facts, ToneLabel

if TYPE_CHECKING:
    from app.state import State
    from core.analysis import ModuleReport, Value


class Shapes(QWidget):
    """Shapes and cost of one module; of several, their cost together."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = Facts()
        self.note = ToneLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.facts)
        column.addWidget(self.note)
        self._paths: tuple[str, ...] = ()

    def show_state(self, state: "State") -> None:
        """Show the report's numbers; while there is no report, those before or dots."""
        report = state.report
        if report is None:
            if state.selection != self._paths:
                self.facts.show_facts({self.tr("Input"): "…", self.tr("Output"): "…"})
                self.note.say("")
            self._paths = state.selection
            return
        self._paths = state.selection
        if len(self._paths) == 1:
            self._show_one(report.module(self._paths[0]))
        else:
            self._show_total([report.module(path) for path in outermost(self._paths)])

    def _show_one(self, found: "ModuleReport") -> None:
        shapes = {
            self.tr("Input"): _lines(found.inputs),
            self.tr("Output"): _lines(found.output),
            self.tr("Calls"): str(found.calls) if found.calls > 1 else "",
        }
        self._show({**shapes, **self._cost([found])}, [found])
        if not found.reached:
            self.note.say(self.tr("The model's forward does not call it."))
        elif found.output is None:
            self.note.say(self.tr("It fails with this input, so nothing comes out."))
        elif found.assumed:
            self.note.say(self.tr("It fails; the output is what it would likely be."))
        else:
            self.note.say("")

    def _show_total(self, found: "list[ModuleReport]") -> None:
        self._show(self._cost(found), found)
        self.note.say(self.tr("All of them together."))

    def _show(self, facts: dict[str, str], found: "list[ModuleReport]") -> None:
        macs = numbers.exact(sum(each.macs for each in found))
        hints = {
            self.tr("Parameters"): numbers.exact(sum(each.parameters for each in found)),
            self.tr("MACs"): self.tr("{} multiply-accumulates").format(macs),
            self.tr("Memory"): self.tr("{} bytes of parameters and buffers").format(
                numbers.exact(sum(each.bytes for each in found))
            ),
        }
        self.facts.show_facts(facts, hints)

    def _cost(self, found: "list[ModuleReport]") -> dict[str, str]:
        parameters = sum(each.parameters for each in found)
        trainable = sum(each.trainable for each in found)
        macs = sum(each.macs for each in found)
        held = sum(each.bytes for each in found)
        return {
            self.tr("Parameters"): self._parameters(parameters, trainable),
            self.tr("MACs"): numbers.macs(macs) if any(each.reached for each in found) else "",
            self.tr("Memory"): numbers.size(held) if held else "",
        }

    def _parameters(self, parameters: int, trainable: int) -> str:
        counted = numbers.count(parameters)
        if not parameters:
            return self.tr("none")
        if not trainable:
            return self.tr("{}, frozen").format(counted)
        if trainable < parameters:
            return self.tr("{}, {} trainable").format(counted, numbers.count(trainable))
        return counted


def outermost(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the paths that lie in no other of them: what is inside counts with it."""
    return tuple(
        path
        for path in paths
        if not any(path != other and (not other or path.startswith(other + ".")) for other in paths)
    )


def _lines(value: "Value | None") -> str:
    """Return one line for each part: ``1×3×224×224 float32``."""
    if value is None:
        return ""
    # Options such as need_weights=False stand among what flows; where tensors do, only they count.
    wanted = [bool(each.tensors()) for each in value.items]
    wanted = wanted if any(wanted) else [True] * len(wanted)
    if value.kind == "dict":
        rows = zip(value.names, value.items, wanted, strict=True)
        return "\n".join(f"{name}: {_line(each)}" for name, each, flows in rows if flows)
    if value.kind in ("list", "tuple"):
        kept = zip(value.items, wanted, strict=True)
        return "\n".join(_line(each) for each, flows in kept if flows) or "[]"
    return _line(value)


def _line(value: "Value") -> str:
    return f"{value} {value.dtype}" if value.kind == "tensor" else str(value)

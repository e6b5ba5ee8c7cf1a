"""The stages of a U-Net, in the order in which the image goes through, with what each gives."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.analysis.report import Report
from core.analysis.values import Value
from core.blocks import Encoder


@dataclass(frozen=True)
class StageReport:
    """One stage: the child it is, the last module of it, what it gives and its parameters.

    ``last`` is empty where the child is the whole stage; an encoder is several.
    """

    child: str
    last: str
    output: Value | None
    parameters: int

    @property
    def title(self) -> str:
        """What a table calls it: ``up1``, ``encoder (layer3)``."""
        return f"{self.child} ({self.last})" if self.last else self.child


def stages_in(report: Report) -> tuple[StageReport, ...]:
    """Return the children of the model; an encoder among them as its stages."""
    return tuple(_stages(report))


def _stages(report: Report) -> Iterator[StageReport]:
    for name, child in report.document.root.named_children():
        found = report.module(name)
        if not isinstance(child, Encoder):
            yield StageReport(name, "", found.output, found.parameters)
            continue
        maps = found.output.items if found.output is not None else ()
        for number, paths in enumerate(child.stages):
            count = sum(
                tensor.numel()
                for path in paths
                for tensor in child.get_submodule(path).parameters()
            )
            output = maps[number] if number < len(maps) else None
            yield StageReport(name, paths[-1], output, count)

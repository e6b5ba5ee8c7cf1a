"""What a U-Net would be: its totals and its picture as a U, worked out without any weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

import core
from app import numbers
from app.flow.letters import Letters
from app.flow.picture import Picture, Step, picture
from core.errors import InputError

if TYPE_CHECKING:
    from core.analysis import Report, StageReport
    from core.document import InputSpec


@dataclass(frozen=True)
class Assembled:
    """The source of a U-Net, what it is fed, its totals in a sentence, and its drawing."""

    source: str
    inputs: "tuple[InputSpec, ...]"
    totals: str
    picture: Picture


@dataclass(frozen=True)
class Choices:
    """What can be chosen in the form."""

    encoders: tuple[str, ...]
    norms: tuple[str, ...]
    activations: tuple[str, ...]


def choices() -> Choices:
    """Return what can be chosen; it takes torch to know."""
    from core.blocks.choices import Activation, Norm

    return Choices(core.encoders(), get_args(Norm), get_args(Activation))


def assembled(facts: Mapping[str, Any], height: int, width: int, letters: Letters) -> Assembled:
    """Build the structure of a U-Net and run one image of that size through its shapes.

    Raises :class:`~core.errors.ModelwrightError` for what cannot be built, or cannot take it.
    """
    assembly = core.Assembly(**facts)
    source = str(assembly)
    inputs = core.parse_inputs(f"1,{assembly.in_channels},{height},{width}")
    session = core.open(source, inputs=inputs, structure=True)
    core.check_image(session.document.root, inputs[0].shape)
    report = session.report
    if report.problems:
        raise InputError(
            f"An image of {height}×{width} does not go through: {report.problems[0].message}."
            " Give it a larger one, or less depth."
        )
    return Assembled(source, inputs, _totals(report), _drawn(report, letters))


def _totals(report: "Report") -> str:
    macs = f"{numbers.macs(report.macs)} MACs" if report.macs is not None else ""
    facts = [f"{numbers.count(report.parameters)} parameters", macs, numbers.size(report.bytes)]
    told = " · ".join(each for each in facts if each)
    return f"{told} · gives {report.output}"


def _drawn(report: "Report", letters: Letters) -> Picture:
    """Draw the stages one after the other, with what is handed across: that makes a U."""
    stages = core.stages_in(report)
    image = report.document.inputs[0]
    first = Step("x", "image", "input", "root", gives="×".join(map(str, image.shape)))
    steps = [first, *map(_step, stages)]
    last = Step("output", "output", "scores of each class", "head")
    names = [each.name for each in (*steps, last)]
    edges = list(pairwise(names))
    ups = [each.title for each in stages if each.child.startswith("up")]
    above = names[: names.index(ups[0])][:-1] if ups else []
    # Each step up is handed the map of its own size: from the lowest above the bottom to the first.
    edges += list(zip(reversed(above), ups, strict=False))
    return picture(type(report.document.root).__name__, [*steps, last], edges, letters)


def _step(stage: "StageReport") -> Step:
    about = f"{numbers.count(stage.parameters)} parameters"
    title = stage.last or stage.child
    gives = str(stage.output) if stage.output is not None else ""
    kind = "convolution" if stage.last else "block"
    return Step(stage.title, title, about, kind, gives=gives)

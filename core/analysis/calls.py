"""What one module call was: immutable once made, and shared by equal blocks."""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from core.analysis.descriptions import Description
from core.analysis.operators import Operator
from core.analysis.rules import operator_of

#: Where a called module stands: its path below the caller, or itself where it is not below.
Place = str | weakref.ref[nn.Module]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a module's own run raised: torch's words, and the kind of thing it was.

    ``kind`` is error, operation (``operator`` names it, ``operands`` are what it got), lazy, real
    or inputs.
    """

    detail: str
    kind: str = "error"
    operator: str = ""
    operands: tuple[Description, ...] = ()


class Call:
    """One call: what went in, what came out, and the calls made inside, in order.

    ``output`` is ``None`` where nothing came out. ``troubled`` says that this call or one inside
    failed, so that nobody need look where none did; ``foreign`` that a module was called which does
    not stand below its caller; ``positional`` that a number was read that says where it stands.
    """

    __slots__ = (
        "_cost", "_macs", "_operators", "assumed", "failures", "foreign", "inner", "inputs",
        "output", "positional", "shapes", "troubled",
    )  # fmt: skip

    def __init__(
        self,
        inputs: Description,
        output: Description | None,
        inner: tuple[tuple[Place, "Call"], ...] = (),
        operators: tuple[Operator, ...] = (),
        failures: tuple[Failure, ...] = (),
        assumed: bool = False,
        cost: tuple[Any, ...] | None = None,
    ) -> None:
        self.inputs = inputs
        self.output = output
        self.inner = inner
        self._operators = operators
        self._cost = cost
        self.failures = failures
        self.assumed = assumed
        self.troubled = bool(failures) or output is None
        self.foreign = False
        self.positional = False
        for place, call in inner:
            self.troubled = self.troubled or call.troubled
            self.foreign = self.foreign or call.foreign or type(place) is not str
        self._macs: int | None = None
        #: What a report says of it, kept by the report: equal blocks share their calls.
        self.shapes: Any = None

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators of its own that multiply matrices."""
        if self._cost is not None:
            self._operators, self._cost = (operator_of(self._cost),), None
        return self._operators

    @property
    def macs(self) -> int:
        """Multiply-accumulates of this call and all inside; found when first asked for."""
        if self._macs is None:
            inside = sum([call.macs for _, call in self.inner])
            self._macs = inside + sum([each.macs for each in self.operators])
        return self._macs

    def unpriced(self) -> Iterator[Operator]:
        """Yield the operators inside whose cost nobody has asked for yet."""
        if self._macs is None:
            for each in self.operators:
                if not each.priced:
                    yield each
            for _, call in self.inner:
                yield from call.unpriced()

"""Watch a forward that runs on numbers: nothing is changed but that its cost is seen.

On shapes alone every operator is looked up anyway, and those that multiply matrices are noted then.
On numbers they would go by unseen, and a model of many layers would cost nothing.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from core.analysis.descriptions import Describer
from core.analysis.operators import COSTLY, Operator

if TYPE_CHECKING:
    from core.analysis.engine import Pass


class NumbersMode(TorchFunctionMode):
    """Notes the operators of one pass that multiply matrices, and lets all of them run."""

    def __init__(self, run: "Pass") -> None:
        super().__init__()
        self._run = run

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one function; it is described before, for it may write into what it was given."""
        kwargs = kwargs or {}
        operator = _described(func, args, kwargs) if func in COSTLY else None
        output = func(*args, **kwargs)
        if operator is not None and self._run.frame is not None:
            self._run.frame.operators.append(operator)
        return output


def _described(func: Any, args: Any, kwargs: dict[str, Any]) -> Operator | None:
    """Return an operator that can be priced; it is no answer to others, for it has no output."""
    with torch._C.DisableTorchFunction():
        describer = Describer()
        arguments = describer.describe((args, kwargs))
    return Operator(func, arguments, ()) if describer.known else None

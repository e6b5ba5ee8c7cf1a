"""Real process groups: Gloo on the CPU, NCCL where there are GPUs; and what goes wrong there."""

import os
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core.document import Document, InputSpec
from core.edits import AddOutput
from core.errors import Cancelled, PlacementError
from core.placement import Placement, try_forward
from core.placement.processes import in_processes
from core.source import open_source

OWN = """
import os
import torch
from torch import distributed, nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)

    def forward(self, x):
        # Only in a process group is there a rank, and a sum over all processes.
        total = torch.tensor([distributed.get_rank() + 1.0])
        distributed.all_reduce(total)
        assert os.environ["LOCAL_RANK"] == str(distributed.get_rank())
        return {"y": self.first(x), "all": torch.zeros(int(total))}
"""


class Refusing(nn.Module):
    """Runs in the first process and in no other."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        if torch.distributed.get_rank() == 1:
            raise RuntimeError("the second process\nhas no room")
        return self.layer(x)


class Dying(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        os.kill(os.getpid(), 9)
        return self.layer(x)


class Waiting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        time.sleep(600)
        return self.layer(x)


def document(model: nn.Module, *shape: int) -> Document:
    return Document.of(model, (InputSpec(shape=shape),))


def test_a_class_of_the_users_own_runs_in_a_group_of_two(tmp_path: Path) -> None:
    from core.source import Code

    file = tmp_path / "net.py"
    file.write_text(OWN)
    model = open_source(f"{file}:Net()", trust=Code.read(file), inputs="(2, 3)")
    file.write_text("raise SystemExit('this is not what was agreed to')")
    ran = try_forward(model, Placement("distributed"))
    assert ran.output == {"y": (2, 4), "all": (3,)}  # ranks 0 and 1: 1 + 2
    assert ran.device == "2 processes of the CPU"
    assert ran.seconds > 0
    assert ran.peak is None


@pytest.mark.long
def test_without_parameters_there_is_nothing_to_be_wrapped() -> None:
    ran = try_forward(document(nn.Sequential(nn.ReLU()), 2, 3), Placement("distributed"))
    assert ran.output == (2, 3)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(
            Refusing, r"process 1 \(cpu\) said: the second process$", marks=pytest.mark.long
        ),
        (Dying, r"process \d \(cpu\) said: it was ended by signal 9"),
    ],
)
def test_a_process_that_fails_is_named(model: type[nn.Module], said: str) -> None:
    with pytest.raises(PlacementError, match=said):
        try_forward(document(model(), 1, 2), Placement("distributed"))


def test_processes_that_wait_for_ever_are_ended() -> None:
    with pytest.raises(PlacementError, match=r"did not finish, in 0\.1 seconds"):
        in_processes(document(Waiting(), 1, 2), ["cpu", "cpu"], patience=0.1)
    with pytest.raises(Cancelled):
        in_processes(document(Waiting(), 1, 2), ["cpu", "cpu"], cancelled=lambda: True)
    if sys.platform == "linux":
        mine = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        commands = [Path(f"/proc/{child}/cmdline").read_bytes() for child in mine]
        assert not [each for each in commands if b"core.placement.rank" in each]


def test_a_model_that_cannot_be_sent_says_so() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    model.hook = lambda x: x  # type: ignore[assignment]
    with pytest.raises(PlacementError, match=r"cannot be sent to a process of its own.*on the CPU"):
        try_forward(document(model, 1, 2), Placement("distributed"))


def test_a_structure_without_weights_is_not_run() -> None:
    model = open_source("Sequential(Linear(2, 2))", structure=True)
    with pytest.raises(PlacementError, match=r"no input yet|structure only"):
        try_forward(model, Placement("cpu"))


@pytest.mark.parametrize("times", [1, 2])
def test_a_rewired_model_is_made_again_in_the_other_process(times: int) -> None:
    model = document(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4)), 1, 2)
    for node in ("0", "1")[:times]:
        model = AddOutput("", node).apply(model)
    ran = try_forward(model, Placement("distributed"))
    assert ran.output == [(1, 4), *[(1, 3)] * times]


def test_alone_in_a_process_of_its_own() -> None:
    (told,) = in_processes(document(nn.Linear(2, 3), 1, 2), ["cpu"], "alone")
    assert told["output"] == [1, 3]
    assert told["peak"] is None
    with pytest.raises(PlacementError, match=r"did not run on cpu: it was ended by signal 9"):
        in_processes(document(Dying(), 1, 2), ["cpu"], "alone")

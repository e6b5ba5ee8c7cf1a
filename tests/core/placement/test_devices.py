"""Devices with made-up drivers: which are hidden, and drivers that fail."""

import sys
from pathlib import Path

import pytest

from core.placement import Device, devices


def test_there_is_a_cpu_with_memory() -> None:
    cpu = devices()[0]
    assert cpu.name == "cpu"
    assert cpu.total is not None
    assert cpu.free is not None
    assert 0 < cpu.free <= cpu.total


def test_gpus_are_matched_by_uuid_and_the_rest_is_hidden() -> None:
    seen = [Device("cuda:0", "B", 8, 4, "bbb")]
    every = [Device("", "A", 8, 8, "GPU-AAA"), Device("", "B", 8, 4, "GPU-BBB")]
    found = devices(lambda: seen, lambda: every)
    assert [(each.name, each.title, each.hidden) for each in found[1:]] == [
        ("cuda:0", "B", False),
        ("", "A", True),
    ]


def test_what_is_free_is_asked_of_the_driver_first() -> None:
    seen = [Device("cuda:0", "B", 8, None, "bbb"), Device("cuda:1", "C", 8, 3, "ccc")]
    every = [Device("", "B", 8, 5, "GPU-BBB"), Device("", "C", 8, 7, "GPU-CCC")]
    assert [each.free for each in devices(lambda: seen, lambda: every)[1:]] == [5, 3]


def test_a_driver_that_fails_has_no_gpus() -> None:
    def fails() -> list[Device]:
        raise RuntimeError("driver and library do not match")

    assert [each.name for each in devices(fails, fails)] == ["cpu"]


ANSWER = """\
GPU-1111aaaa-0000-0000-0000-000000000000, NVIDIA H100 80GB HBM3, 81559, 80000
GPU-2222bbbb-0000-0000-0000-000000000000, "Odd, with a comma", 24576, 1024
GPU-3333cccc-0000-0000-0000-000000000000, NVIDIA GB10, [N/A], [N/A]
"""


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A driver's program that answers only to the question it should be asked."""
    program = tmp_path / "nvidia-smi"
    (tmp_path / "answer").write_text(ANSWER)
    question = "--query-gpu=uuid,name,memory.total,memory.free --format=csv,noheader,nounits"
    program.write_text(f'#!/bin/sh\n[ "$*" = "{question}" ] && /bin/cat {tmp_path}/answer\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pynvml", None)
    return program


@pytest.mark.skipif(sys.platform == "win32", reason="the made-up program is a shell script")
def test_without_the_extra_the_drivers_program_tells_of_hidden_gpus(smi: Path) -> None:
    seen = [
        Device("cuda:0", "Odd", 24576 << 20, 1024 << 20, "2222bbbb-0000-0000-0000-000000000000")
    ]
    found = devices(lambda: seen)
    assert [(each.name, each.title, each.hidden) for each in found[1:]] == [
        ("cuda:0", "Odd", False),
        ("", "NVIDIA H100 80GB HBM3", True),
        ("", "NVIDIA GB10", True),
    ]
    assert (found[2].total, found[2].free) == (81559 << 20, 80000 << 20)
    assert (found[3].total, found[3].free) == (None, None)


@pytest.mark.skipif(sys.platform == "win32", reason="the made-up program is a shell script")
def test_a_program_that_fails_or_is_not_there_has_no_gpus(smi: Path) -> None:
    smi.write_text("#!/bin/sh\necho NVIDIA-SMI has failed\nexit 9\n")
    assert [each.name for each in devices(lambda: ())] == ["cpu"]
    smi.unlink()
    assert [each.name for each in devices(lambda: ())] == ["cpu"]

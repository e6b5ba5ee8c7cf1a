"""Devices with made-up drivers: which are hidden, and drivers that fail."""

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


def test_a_driver_that_fails_has_no_gpus() -> None:
    def fails() -> list[Device]:
        raise RuntimeError("driver and library do not match")

    assert [each.name for each in devices(fails, fails)] == ["cpu"]

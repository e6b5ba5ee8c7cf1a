"""ONNX files, written field by field: what the reader finds is what was put in."""

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from torch import Tensor

from core.checkpoint.values import Mapped
from core.errors import CheckpointError
from core.files import read_contents

KINDS = {torch.float32: 1, torch.int64: 7, torch.float16: 10, torch.bfloat16: 16, torch.bool: 9}


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def run(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def raw(tensor: Tensor) -> bytes:
    return bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist())


def initializer(name: str, tensor: Tensor) -> bytes:
    dims = b"".join(number(1, size) for size in tensor.shape)
    kind = number(2, KINDS[tensor.dtype])
    return run(5, dims + kind + run(8, name.encode()) + run(9, raw(tensor)))


def model(*parts: bytes) -> bytes:
    return number(1, 8) + run(2, b"pytorch") + run(7, run(2, b"graph") + b"".join(parts))


STATE = {
    "fc.weight": torch.randn(3, 4),
    "fc.bias": torch.randn(3).half(),
    "step": torch.tensor(7),
    "brain": torch.randn(5).bfloat16(),
    "mask": torch.tensor([True, False]),
}


def test_initialisers(tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(model(*(initializer(*each) for each in STATE.items())))
    contents = read_contents(file)
    assert contents.kind == "ONNX model"
    assert contents.values["producer_name"] == "pytorch"
    assert list(contents.tensors) == list(STATE)
    mapped = Mapped()
    for name, tensor in STATE.items():
        assert torch.equal(mapped.tensor(contents.tensors[name]), tensor)


def outside(location: str) -> bytes:
    entries = {"location": location, "offset": "4", "length": "8"}
    data = b"".join(run(13, run(1, k.encode()) + run(2, v.encode())) for k, v in entries.items())
    return run(5, number(1, 2) + number(2, 1) + run(8, b"w") + data + number(14, 1))


def test_data_in_a_file_beside(tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(model(outside("net.data")))
    assert "not beside the model" in read_contents(file).notes[0]
    (tmp_path / "net.data").write_bytes(b"skip" + raw(torch.tensor([1.0, 2.0])))
    assert Mapped().tensor(read_contents(file).tensors["w"]).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("location", ["../net.data", "/etc/passwd", ""])
def test_data_outside_the_folder_is_refused(location: str, tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(model(outside(location)))
    with pytest.raises(CheckpointError, match="outside the model's folder"):
        read_contents(file)


def test_a_shape_that_lies(tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    lying = run(5, number(1, 1000) + number(2, 1) + run(8, b"w") + run(9, b"1234"))
    file.write_bytes(model(lying))
    with pytest.raises(CheckpointError, match="takes 4,000 bytes"):
        read_contents(file)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cut=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
)
def test_damage(cut: float, flips: list[tuple[float, int]], tmp_path: Path) -> None:
    whole = model(*(initializer(*each) for each in STATE.items()))
    broken = bytearray(whole[: int(cut * len(whole))] if cut < 0.5 else whole)
    for place, byte in flips:
        if broken:
            broken[int(place * len(broken))] = byte
    (tmp_path / "broken").write_bytes(broken)
    try:
        for stored in read_contents(tmp_path / "broken").tensors.values():
            Mapped().tensor(stored)
    except CheckpointError:
        pass  # a sentence; anything else would fail the test

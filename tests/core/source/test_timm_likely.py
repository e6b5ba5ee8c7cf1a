"""Which of timm's models a file is of; what timm builds itself is the oracle."""

from pathlib import Path

import pytest
import torch

from core.errors import Cancelled
from core.source import open_source
from core.source.timm_likely import Shape, cache_folder, likely

timm = pytest.importorskip("timm")
FAMILIES = ("vgg", "mobilenetv3", "mlp_mixer", "convmixer")


def shapes(name: str, prefix: str = "", **options: int) -> dict[str, Shape]:
    """Names and shapes of a model, built as timm does, with all its initialisers."""
    with torch.device("meta"):
        state = timm.create_model(name, **options).state_dict()
    return {prefix + key: tuple(tensor.shape) for key, tensor in state.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("name", ["mixer_s16_224", "lcnet_050", "convmixer_768_32"])
@pytest.mark.parametrize("prefix", ["", "module.backbone."])
def test_a_model_is_known_by_its_names(name: str, prefix: str, folder: Path) -> None:
    found = likely(shapes(name, prefix), seconds=300, families=FAMILIES, folder=folder)
    best = found.guesses[0]
    assert found.finished
    assert f"timm:{name}" in (best.source, *best.twins)
    assert best.matched == best.of
    assert not best.differs + best.missing + best.unexpected


def test_another_head_and_what_it_opens(folder: Path) -> None:
    there = shapes("mixer_s16_224", num_classes=7)
    found = likely(there, seconds=300, families=FAMILIES, folder=folder)
    best = found.guesses[0]
    assert best.source == "timm:mixer_s16_224(num_classes=7)"
    assert "head changed to 7 classes" in str(best)
    state = open_source(best.source, structure=True).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == there


def test_what_was_built_is_remembered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = shapes("mixer_s16_224")
    first = likely(there, seconds=300, families=FAMILIES, folder=folder)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(timm, "create_model", refuse)
    again = likely(there, seconds=0, families=FAMILIES, folder=folder)
    assert again == first


def test_time_that_is_up_is_said_and_gone_on_from(tmp_path: Path) -> None:
    there = shapes("mixer_s16_224")
    short = likely(there, seconds=0, families=("mlp_mixer",), folder=tmp_path)
    assert (short.finished, short.guesses, short.compared) == (False, (), 0)
    full = likely(there, seconds=300, families=("mlp_mixer",), folder=tmp_path)
    assert full.finished
    assert full.guesses[0].source == "timm:mixer_s16_224"


def test_it_can_be_stopped_and_keeps_what_it_has(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(Cancelled):
        likely(
            shapes("vgg11"),
            families=FAMILIES,
            folder=tmp_path,
            progress=lambda done, total, text: told.append(text),
            cancelled=lambda: len(told) == 2,
        )
    assert len(list(tmp_path.iterdir())) == 1
    assert told == ["Building a model of each family"] * 2


@pytest.mark.parametrize("data", [b"", b"hello", b"\x1f\x8b\x08\x00damaged"])
def test_a_damaged_memory_is_made_again(data: bytes, tmp_path: Path) -> None:
    (tmp_path / f"timm-{timm.__version__}.json.gz").write_bytes(data)
    found = likely(shapes("mixer_s16_224"), families=("mlp_mixer",), folder=tmp_path)
    assert found.guesses[0].source == "timm:mixer_s16_224"


def test_nothing_similar(folder: Path) -> None:
    found = likely({"a.b": (3,), "c": (2, 2)}, families=("mlp_mixer",), folder=folder)
    assert (found.guesses, found.of, found.finished) == ((), 0, True)


def test_the_memory_is_in_the_users_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == tmp_path / "modelwright"

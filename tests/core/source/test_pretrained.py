"""Pretrained weights: downloaded from a server of the test's own, on this machine."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
import torchvision

from core.errors import Cancelled, SourceError
from core.source import Request, open_source
from core.source.pretrained import fetched


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder that is served, and its address; torch.hub's folder is an empty one."""
    served = tmp_path / "served"
    served.mkdir()
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(served)))
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield served, f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()
    thread.join()


def _put(folder: Path, content: bytes, right: bool = True) -> str:
    digest = hashlib.sha256(content if right else b"other").hexdigest()[:8]
    name = f"weights-{digest}.pth"
    (folder / name).write_bytes(content)
    return name


def test_weights_come_with_progress_and_are_there_the_second_time(
    server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = server
    source = torchvision.models.resnet18()
    torch.save(source.state_dict(), folder / "raw.pth")
    name = _put(folder, (folder / "raw.pth").read_bytes())
    weights = torchvision.models.ResNet18_Weights.IMAGENET1K_V1
    # Python finds ``weights.url`` in its value; so a value with another address takes its place.
    monkeypatch.setattr(weights, "_value_", replace(weights.value, url=f"{address}/{name}"))
    seen: list[tuple[int, int, str]] = []
    document = open_source("resnet18", pretrained=True, progress=lambda *a: seen.append(a))
    (folder / name).unlink()
    again = open_source("resnet18", pretrained="IMAGENET1K_V1")
    assert seen[-1][0] == seen[-1][1] > 40_000_000
    assert document.source.weights == "IMAGENET1K_V1"
    for each in (document, again):
        assert torch.equal(each.module("fc").weight, source.fc.weight)


def test_a_wrong_file_is_refused_and_nothing_is_left(server: tuple[Path, str]) -> None:
    folder, address = server
    name = _put(folder, b"x" * 1000, right=False)
    with pytest.raises(SourceError, match="SHA-256"):
        fetched(f"{address}/{name}", "the weights", Request("resnet18"))
    assert list(Path(torch.hub.get_dir(), "checkpoints").iterdir()) == []


def test_stopping_a_download_leaves_nothing(server: tuple[Path, str]) -> None:
    folder, address = server
    name = _put(folder, b"x" * 5_000_000)
    with pytest.raises(Cancelled):
        fetched(f"{address}/{name}", "the weights", Request("resnet18", cancelled=lambda: True))
    assert list(Path(torch.hub.get_dir(), "checkpoints").iterdir()) == []


def test_without_a_network_there_is_a_sentence(server: tuple[Path, str]) -> None:
    for url in ("http://127.0.0.1:9/weights-00000000.pth", f"{server[1]}/missing-00000000.pth"):
        with pytest.raises(SourceError, match=r"the download failed: .* Go on without"):
            fetched(url, "resnet18's weights", Request("resnet18"))


@pytest.mark.parametrize(
    ("text", "pretrained", "reason"),
    [
        ("resnet18", "IMAGENET1K_V9", "Did you mean"),
        ("resnet18(num_classes=10)", True, "1000 classes"),
        ("Linear(3, 4)", True, "has none"),
    ],
)
def test_weights_that_cannot_be_are_refused(text: str, pretrained: bool | str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        open_source(text, pretrained=pretrained)

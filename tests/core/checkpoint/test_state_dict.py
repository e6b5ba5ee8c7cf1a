"""Saving and loading: plain PyTorch is the oracle; the old file survives whatever happens."""

import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from torch import nn

from core.checkpoint import atomic_write, load_state_dict, save_state_dict
from core.document import Document
from core.errors import CheckpointError, SaveRefused
from core.source import open_source
from tests.zoo import Tied


@pytest.fixture
def document() -> Document:
    return Document.of(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))


def test_plain_pytorch_loads_what_was_saved(document: Document, tmp_path: Path) -> None:
    file = save_state_dict(document, tmp_path / "net.pth")
    plain = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).eval()
    plain.load_state_dict(torch.load(file), strict=True)
    x = torch.randn(2, 4)
    assert torch.equal(plain(x), document.root(x))


def test_tied_weights_are_written_once_and_stay_tied(tmp_path: Path) -> None:
    tied = Tied()
    tied.embedding = nn.Embedding(1000, 100)  # large beside all that a file has around its tensors
    tied.head = nn.Linear(100, 1000, bias=False)
    tied.head.weight = tied.embedding.weight
    ours = save_state_dict(Document.of(tied), tmp_path / "ours.pth")
    assert ours.stat().st_size < 1.1 * 4 * 1000 * 100
    state = torch.load(ours)
    assert state["head.weight"].data_ptr() == state["embedding.weight"].data_ptr()


def test_a_view_does_not_take_its_whole_storage_along(tmp_path: Path) -> None:
    layer = nn.Linear(2, 2)
    layer.weight = nn.Parameter(torch.zeros(1_000_000)[:4].view(2, 2))
    file = save_state_dict(Document.of(layer), tmp_path / "small.pth")
    assert file.stat().st_size < 10_000


def test_the_file_has_the_usual_permissions(document: Document, tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        file = save_state_dict(document, tmp_path / "net.pth")
    finally:
        os.umask(old)
    assert file.stat().st_mode & 0o777 == 0o644


def test_nothing_is_written_over_without_a_yes(document: Document, tmp_path: Path) -> None:
    file = tmp_path / "net.pth"
    file.write_text("precious")
    with pytest.raises(SaveRefused, match="exists already"):
        save_state_dict(document, file)
    assert file.read_text() == "precious"
    save_state_dict(document, file, overwrite=True)
    assert set(torch.load(file)) == set(document.state_dict())


def test_a_folder_that_is_missing_or_a_folder_as_a_name_is_said(
    document: Document, tmp_path: Path
) -> None:
    with pytest.raises(SaveRefused, match="does not exist"):
        save_state_dict(document, tmp_path / "nowhere" / "net.pth")
    with pytest.raises(SaveRefused, match="is a folder"):
        save_state_dict(document, tmp_path, overwrite=True)


def test_a_read_only_folder_is_said(
    document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)  # the tests may run as root, who may do anything
    with pytest.raises(SaveRefused, match="read-only"):
        save_state_dict(document, tmp_path / "net.pth")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """For real: a process that may not write more than 64 KB to a file."""
    file = tmp_path / "net.pth"
    file.write_text("precious")
    script = """
        import resource, signal, sys
        from torch import nn
        from core.checkpoint import save_state_dict
        from core.document import Document
        from core.errors import SaveRefused
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
        try:
            save_state_dict(Document.of(nn.Linear(1000, 1000)), sys.argv[1], overwrite=True)
        except SaveRefused as error:
            print(error)
            sys.exit(7)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert "no room left" in done.stdout
    assert file.read_text() == "precious"
    assert [each.name for each in tmp_path.iterdir()] == ["net.pth"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with atomic_write(tmp_path / "x") as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_structure_has_no_weights_to_save(tmp_path: Path) -> None:
    with pytest.raises(SaveRefused, match="structure only"):
        save_state_dict(open_source("Linear(3, 4)", structure=True), tmp_path / "x.pth")


def test_loading_is_by_value_and_leaves_the_first_document_alone(
    document: Document, tmp_path: Path
) -> None:
    other = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).eval()
    before = {name: tensor.clone() for name, tensor in document.state_dict().items()}
    torch.save(other.state_dict(), tmp_path / "other.pth")
    loaded = load_state_dict(document, torch.load(tmp_path / "other.pth"))
    x = torch.randn(2, 4)
    assert torch.equal(loaded.root(x), other(x))
    assert all(torch.equal(before[name], document.state_dict()[name]) for name in before)


def test_tied_weights_stay_tied_when_loaded() -> None:
    document = Document.of(Tied())
    loaded = load_state_dict(document, Tied().state_dict())
    assert loaded.root.head.weight is loaded.root.embedding.weight


def test_what_does_not_fit_is_counted_and_named(document: Document) -> None:
    state = document.state_dict()
    del state["0.bias"]
    state["extra"] = torch.zeros(1)
    state["0.weight"] = torch.zeros(5, 4)
    with pytest.raises(CheckpointError, match=r"1 missing \(0\.bias\).*1 unexpected.*5×4"):
        load_state_dict(document, state)
    prefixed = {f"module.{name}": tensor for name, tensor in document.state_dict().items()}
    with pytest.raises(CheckpointError, match="DataParallel"):
        load_state_dict(document, prefixed)

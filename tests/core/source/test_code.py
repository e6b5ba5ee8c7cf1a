"""A yes belongs to the code that was shown, and the code that was shown is what runs."""

import os
import py_compile
from pathlib import Path

import pytest

from core.errors import NotTrusted, SourceError
from core.source import Code, open_source

NET = "from torch import nn\nclass Net(nn.Module):\n    mark = {!r}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "net.py"
    made.write_text(NET.format("seen"))
    return made


def looked_at(text: str) -> Code:
    with pytest.raises(NotTrusted) as refused:
        open_source(text)
    return Code(refused.value.path, refused.value.data)


def test_the_code_that_was_looked_at_is_run(file: Path) -> None:
    code = looked_at(f"{file}:Net()")
    assert (code.path, code.data) == (file, file.read_bytes())
    assert open_source(f"{file}:Net()", trust=code).root.mark == "seen"


def test_code_that_changed_after_the_look_is_not_run(file: Path, tmp_path: Path) -> None:
    code = looked_at(f"{file}:Net()")
    ran = tmp_path / "ran"
    file.write_text(f"open({str(ran)!r}, 'w')\n" + NET.format("other"))
    with pytest.raises(SourceError, match=r"net\.py changed since you looked at it; look again\."):
        open_source(f"{file}:Net()", trust=code)
    assert not ran.exists()


def test_a_yes_to_one_file_is_none_to_another(file: Path, tmp_path: Path) -> None:
    code = looked_at(f"{file}:Net()")
    other = tmp_path / "other.py"
    other.write_bytes(file.read_bytes())
    with pytest.raises(NotTrusted, match=r"other\.py"):
        open_source(f"{other}:Net()", trust=code)


def test_code_that_changes_while_somebody_is_asked_about_it_is_not_run(file: Path) -> None:
    def says_yes(path: Path) -> bool:
        path.write_text(NET.format("other"))
        return True

    with pytest.raises(SourceError, match="changed since you looked at it"):
        open_source(f"{file}:Net()", trust=says_yes)


def test_code_that_changes_after_the_yes_is_not_what_runs(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read once: whatever is written to it later has no part in it."""
    from core.source import python_file

    real = python_file.imported

    def late(*given: object) -> object:
        file.write_text(NET.format("other"))
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(python_file, "imported", late)
    assert open_source(f"{file}:Net()", trust=True).root.mark == "seen"


def test_what_python_kept_compiled_of_other_code_is_not_what_runs(file: Path) -> None:
    """A cache counts as fresh by time and size alone, and both can be made to fit."""
    known = file.stat()
    file.write_text(NET.format("evil"))
    os.utime(file, (known.st_mtime, known.st_mtime))
    py_compile.compile(str(file))
    file.write_text(NET.format("seen"))
    os.utime(file, (known.st_mtime, known.st_mtime))
    assert open_source(f"{file}:Net()", trust=True).root.mark == "seen"


def test_a_package_that_changed_after_the_look_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "package_of_somebody" / "__init__.py"
    home.parent.mkdir()
    home.write_text(NET.format("seen"))
    monkeypatch.syspath_prepend(tmp_path)
    code = looked_at("package_of_somebody:Net()")
    home.write_text(NET.format("other"))
    with pytest.raises(SourceError, match="changed since you looked at it"):
        open_source("package_of_somebody:Net()", trust=code)

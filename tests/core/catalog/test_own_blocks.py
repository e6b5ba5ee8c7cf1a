"""Blocks of the user's: files that are agreed to, in the catalog like other layers."""

from pathlib import Path

import pytest
import torch
from torch import nn

import core
from core.catalog import (
    allow_block,
    block_files,
    build,
    export_block,
    find_layer,
    import_block,
    keep_block,
    layers,
    remove_block,
    rename_block,
    search,
    suggest_spec,
)
from core.catalog.suggesting import Place
from core.errors import NotTrusted, SaveRefused, SourceError, SpecError
from core.user_code import Code

PAIR = '''"""Two layers and a sum.

    from residual_pair import ResidualPair
    block = ResidualPair(8)
"""

from torch import nn

__all__ = ["ResidualPair"]


class Inner(nn.Sequential):
    pass


class ResidualPair(nn.Module):
    """Two layers and a sum."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.body = Inner(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU())

    def forward(self, x):
        return x + self.body(x)
'''
MARK = "import pathlib; pathlib.Path({!r}).write_text('it ran')\n"

pytestmark = pytest.mark.usefixtures("shelf")


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A file that somebody has sent; it leaves a mark if it runs."""
    path = tmp_path / "residual_pair.py"
    path.write_text(PAIR + MARK.format(str(tmp_path / "mark")))
    return path


def test_a_block_that_is_kept_is_a_layer_like_others() -> None:
    keep_block("ResidualPair", PAIR)
    layer = find_layer("ResidualPair")
    assert (layer.group, layer.summary) == ("My blocks", "Two layers and a sum.")
    assert [(each.name, each.kind, each.default) for each in layer.parameters] == [
        ("channels", "int", 8)
    ]
    assert search("my blocks") == [layer]
    assert build("ResidualPair(4)")(torch.zeros(1, 4, 5, 5)).shape == (1, 4, 5, 5)
    assert "Inner" not in layers()


def test_a_block_takes_its_sizes_from_the_place() -> None:
    keep_block("ResidualPair", PAIR)
    spec = suggest_spec("ResidualPair", Place((1, 64, 9, 9), (1, 64, 9, 9)))
    assert str(spec) == "ResidualPair(channels=64)"


def test_a_source_may_name_a_block_and_edits_place_it() -> None:
    keep_block("ResidualPair", PAIR)
    session = core.open("Sequential(a=ResidualPair(3), b=Conv2d(3, 8, 1))", inputs="1,3,8,8")
    session.apply(core.Insert("", 1, "ResidualPair(3)", "more"))
    session.apply(core.Replace("b", "ResidualPair(3)"))
    session.apply(core.SetArguments("b", {"channels": 5}))
    assert next(each.path for each in session.problems) == "b.body.0"
    assert session.document.module("b").body[0].in_channels == 5
    assert core.form_of(session.document.module("b"))[0].value == 5


def test_a_file_of_others_runs_only_after_a_yes(theirs: Path, tmp_path: Path) -> None:
    with pytest.raises(NotTrusted, match="ResidualPair") as asked:
        import_block(theirs)
    assert not (tmp_path / "mark").exists()
    assert "ResidualPair" not in layers()
    file = import_block(theirs, trust=Code(asked.value.path, asked.value.data))
    assert (tmp_path / "mark").exists()
    assert (file.names, file.agreed, file.problem) == (("ResidualPair",), True, "")
    assert "ResidualPair" in layers()


def test_a_yes_to_other_bytes_is_none(theirs: Path) -> None:
    with pytest.raises(NotTrusted):
        import_block(theirs, trust=Code(theirs, b"pass"))


def test_a_file_that_came_by_itself_is_listed_and_not_run(
    theirs: Path, shelf: Path, tmp_path: Path
) -> None:
    shelf.mkdir()
    (shelf / "residual_pair.py").write_bytes(theirs.read_bytes())
    (file,) = block_files()
    assert (file.names, file.agreed) == (("ResidualPair",), False)
    assert "agreed" in file.problem
    assert "ResidualPair" not in layers()
    assert not (tmp_path / "mark").exists()
    with pytest.raises(NotTrusted):
        allow_block("ResidualPair")
    allow_block("ResidualPair", trust=True)
    assert "ResidualPair" in layers()


def test_a_file_that_was_changed_since_is_not_run_any_more(shelf: Path, tmp_path: Path) -> None:
    path = keep_block("ResidualPair", PAIR).path
    path.write_text(PAIR + MARK.format(str(tmp_path / "mark")))
    from core.catalog.layers import changed

    changed()
    assert "ResidualPair" not in layers()
    assert [each.agreed for each in block_files()] == [False]
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class Broken(:", "line 1"),
        ("x = 1", "defines no class"),
        ("class Plain:\n    pass\n", "no class of torch.nn.Module"),
        ("raise ValueError('no')\nclass A:\n    pass", "raised ValueError"),
        ("import nowhere_at_all\nclass A:\n    pass", "nowhere_at_all"),
    ],
)
def test_a_file_without_a_block_is_refused_and_not_kept(
    tmp_path: Path, shelf: Path, text: str, said: str
) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(SourceError, match=said):
        import_block(path, trust=True)
    assert not (shelf / "bad.py").exists()


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="could not be read"):
        import_block(tmp_path / "none.py", trust=True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Linear", "already a layer called Linear"),
        ("DoubleConv", "already a layer called DoubleConv, in the group Blocks"),
        ("two words", "no name for a block"),
        ("class", "no name for a block"),
        ("lower", "begins with a capital letter: Lower"),
    ],
)
def test_a_name_that_is_none_or_is_taken_is_refused(name: str, said: str) -> None:
    with pytest.raises(SaveRefused, match=said):
        keep_block(name, PAIR)


def test_a_block_is_overwritten_only_after_a_yes() -> None:
    keep_block("ResidualPair", PAIR)
    old = build("ResidualPair()")
    fresh = PAIR.replace("x + self", "x - self")
    with pytest.raises(SaveRefused, match="already"):
        keep_block("ResidualPair", fresh)
    keep_block("ResidualPair", fresh, overwrite=True)
    new, x = build("ResidualPair()"), torch.randn(1, 8, 4, 4)
    new.load_state_dict(old.state_dict())
    assert torch.allclose(old(x) + new(x), 2 * x)  # what was placed before stays what it was


def test_a_block_is_renamed_in_its_file_too() -> None:
    keep_block("ResidualPair", PAIR)
    file = rename_block("ResidualPair", "Pair")
    assert (file.path.name, file.names, file.problem) == ("pair.py", ("Pair",), "")
    text = file.path.read_text()
    assert "ResidualPair" not in text
    assert "from pair import Pair" in text
    assert "Pair" in layers()
    assert "ResidualPair" not in layers()
    with pytest.raises(SaveRefused, match="Linear"):
        rename_block("Pair", "Linear")


def test_a_block_that_is_removed_stays_in_models_that_have_it() -> None:
    keep_block("ResidualPair", PAIR)
    session = core.open("Sequential(ResidualPair(3))", inputs="1,3,8,8")
    remove_block("ResidualPair")
    assert block_files() == ()
    with pytest.raises(SpecError, match="no layer called 'ResidualPair'"):
        build("ResidualPair(3)")
    assert not session.problems
    assert core.model_source(session.document).text.count("class ResidualPair(nn.Module)") == 1
    with pytest.raises(SourceError, match="no block of yours"):
        remove_block("ResidualPair")


def test_a_block_is_given_away_as_a_file_that_needs_nothing(tmp_path: Path) -> None:
    keep_block("ResidualPair", PAIR)
    given = export_block("ResidualPair", tmp_path)
    assert given.read_text() == PAIR
    with pytest.raises(SaveRefused, match="exists already"):
        export_block("ResidualPair", tmp_path)
    remove_block("ResidualPair")
    assert isinstance(build("Sequential(ReLU())"), nn.Sequential)
    assert import_block(given, trust=True).names == ("ResidualPair",)


def test_a_block_of_the_same_name_in_another_file_takes_its_place(
    theirs: Path, tmp_path: Path
) -> None:
    keep_block("ResidualPair", PAIR)
    other = tmp_path / "from_a_friend.py"
    other.write_text(PAIR.replace("x + self", "x - self"))
    with pytest.raises(SaveRefused, match="already"):
        import_block(other, trust=True)
    import_block(other, trust=True, overwrite=True)
    assert [each.path.name for each in block_files()] == ["from_a_friend.py"]
    both = tmp_path / "both.py"
    both.write_text(PAIR.replace("]", ', "Inner"]', 1))
    import_block(both, trust=True, overwrite=True)
    assert block_files()[0].names == ("ResidualPair", "Inner")
    with pytest.raises(SaveRefused, match="together with other"):
        import_block(other, trust=True, overwrite=True)

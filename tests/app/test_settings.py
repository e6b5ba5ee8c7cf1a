"""What is remembered comes back; what is damaged is put aside and never in the way."""

import os
from pathlib import Path

import pytest

from app.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.ini"


def kept(settings: Settings) -> Settings:
    """The same settings in the program's next run."""
    settings.sync()
    return Settings(settings.path)


def everything(settings: Settings) -> tuple[object, ...]:
    """Read all there is: none of it may raise."""
    assert settings.folder.is_dir()
    return (
        settings.theme, settings.recent, settings.favourites, settings.recent_layers,
        settings.geometry, settings.docks,
    )  # fmt: skip


NOTHING = ("system", [], [], [], b"", b"")


def test_without_a_file_everything_is_as_usual(file: Path) -> None:
    settings = Settings(file)
    assert everything(settings) == NOTHING
    assert settings.complaint == ""
    assert not file.exists()


def test_what_is_set_comes_back_in_the_next_run(file: Path, tmp_path: Path) -> None:
    settings = Settings(file)
    settings.theme = "dark"
    settings.favourites = ["Linear", "Conv2d"]
    settings.recent_layers = ["ReLU"]
    settings.folder = tmp_path
    settings.geometry = b"\x00\xffsize"
    settings.docks = b"\x01\x00docks"
    again = kept(settings)
    assert again.theme == "dark"
    assert again.favourites == ["Linear", "Conv2d"]
    assert again.recent_layers == ["ReLU"]
    assert again.folder == tmp_path
    assert (again.geometry, again.docks) == (b"\x00\xffsize", b"\x01\x00docks")


def test_recent_models_come_newest_first_once_and_twelve_at_most(file: Path) -> None:
    settings = Settings(file)
    for number in range(20):
        settings.note_recent(f"resnet{number}")
    settings.note_recent("resnet15")
    recent = kept(settings).recent
    assert recent[:3] == ["resnet15", "resnet19", "resnet18"]
    assert len(recent) == len(set(recent)) == 12


@pytest.mark.parametrize(
    "text", ["a, b", 'Sequential(x="1", y=2)', "@Size(1 2)", "@@", "über/モデル.py", "two\nlines"]
)
def test_any_text_of_a_source_comes_back_as_it_was(file: Path, text: str) -> None:
    settings = Settings(file)
    settings.note_recent(text)
    assert kept(settings).recent == [text]


def test_forgetting_takes_models_and_layers_but_not_favourites(file: Path) -> None:
    settings = Settings(file)
    settings.note_recent("resnet18")
    settings.recent_layers = ["ReLU"]
    settings.favourites = ["Linear"]
    settings.forget_recent()
    again = kept(settings)
    assert (again.recent, again.recent_layers, again.favourites) == ([], [], ["Linear"])


@pytest.mark.parametrize(
    "garbage",
    [
        bytes(range(256)) * 10,
        b"theme=dark\0\0\0\0",
        b"hello world\nno settings at all",
        b"[Gen\ntheme=dark\n",
        b"=====\n[[[[\n",
        "[General]\ntheme=dark".encode("utf-16"),
    ],
    ids=["binary", "zeros", "prose", "half a group", "signs", "utf-16"],
)
def test_a_damaged_file_is_put_aside_told_and_replaced(file: Path, garbage: bytes) -> None:
    file.write_bytes(garbage)
    settings = Settings(file)
    assert everything(settings) == NOTHING
    aside = file.with_name("settings.ini.damaged")
    assert aside.read_bytes() == garbage
    assert str(aside) in settings.complaint
    settings.theme = "dark"
    again = kept(settings)
    assert (again.theme, again.complaint) == ("dark", "")


@pytest.mark.parametrize(
    "lines",
    [
        "theme=pink",
        "theme=@Size(1 2)",
        "recent=@Size(1 2)",
        "recent=",
        "geometry=12\ndocks=text\nlayout_version=1",
        "folder=" + "x" * 5000,
        "folder=/there/is/no/such/folder",
        "layout_version=@Invalid()\ngeometry=@ByteArray(abc)",
        "layout_version=99\ngeometry=@ByteArray(abc)\ndocks=@ByteArray(def)",
    ],
)
def test_values_of_the_wrong_kind_or_version_count_as_not_there(file: Path, lines: str) -> None:
    file.write_text(f"[General]\n{lines}\n", encoding="utf-8")
    settings = Settings(file)
    assert everything(settings) == NOTHING
    assert settings.complaint == ""


def test_the_layout_of_another_version_does_not_come_back_with_a_new_window_size(
    file: Path,
) -> None:
    file.write_text("[General]\nlayout_version=99\ndocks=@ByteArray(of another version)\n")
    settings = Settings(file)
    settings.geometry = b"new"
    again = kept(settings)
    assert (again.geometry, again.docks) == (b"new", b"")


def test_a_file_written_by_an_editor_with_a_mark_in_front_is_not_damaged(file: Path) -> None:
    file.write_text("[General]\ntheme=dark\n", encoding="utf-8-sig")
    settings = Settings(file)
    assert (settings.complaint, settings.theme) == ("", "dark")


def test_where_nothing_can_be_written_settings_last_as_long_as_the_program(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("and no folder")
    settings = Settings(tmp_path / "a file" / "settings.ini")
    settings.theme = "dark"
    settings.sync()
    assert settings.theme == "dark"


def test_a_folder_in_place_of_the_file_is_survived(file: Path) -> None:
    file.mkdir()
    settings = Settings(file)
    settings.theme = "light"
    settings.sync()
    assert settings.theme == "light"


def test_a_working_folder_that_was_deleted_is_not_asked_for(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "cwd", gone)
    assert Settings(file).folder == Path.home()


def test_the_environment_names_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "MODELWRIGHT_SETTINGS", str(tmp_path / "mine.ini"))
    assert Settings().path == tmp_path / "mine.ini"

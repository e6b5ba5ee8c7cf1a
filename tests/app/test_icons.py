"""Icons: each can be seen where it is used, and nobody asks for one that was never drawn."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPalette
from PySide6.QtWidgets import QApplication

import core
from app import actions, icons, theme
from app.drag_pixmap import drag_pixmap

APP = Path(icons.__file__).parent
NAMES = sorted(path.stem for path in icons.FOLDER.glob("*.svg"))


def _asked_for() -> Iterator[tuple[str, str]]:
    """Every name written into a call of ``icon(...)`` or ``pixmap(...)``, with its file."""
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                first = node.args[0]
                written = first.value if isinstance(first, ast.Constant) else None
                if called in ("icon", "pixmap") and isinstance(written, str):
                    yield str(path.relative_to(APP)), written


def _inked(image: QImage) -> int:
    """Count the pixels that are more than a shadow."""
    return sum(
        image.pixelColor(x, y).alpha() > 100
        for x in range(image.width())
        for y in range(image.height())
    )


@pytest.mark.parametrize("name", NAMES)
def test_an_icon_can_be_seen_at_sixteen_pixels_and_is_not_a_blot(name: str, qapp: object) -> None:
    image = icons.pixmap(name, 16, QColor("black")).toImage()
    assert 6 < _inked(image) < 190
    edge = [image.pixelColor(x, y).alpha() for x in range(16) for y in (0, 15)]
    assert max(edge) < 230  # nothing is cut at the edge


@pytest.mark.parametrize("name", NAMES)
def test_an_icon_is_of_the_family(name: str) -> None:
    text = (icons.FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert 'viewBox="0 0 24 24"' in text
    assert 'stroke="currentColor" stroke-width="1.75"' in text
    assert "#" not in text  # no colour of its own


def test_no_two_icons_look_the_same(qapp: object) -> None:
    drawn = [icons.pixmap(name, 16, QColor("black")).toImage() for name in NAMES]
    for place, image in enumerate(drawn):
        assert image not in drawn[:place], NAMES[place]


def test_every_icon_that_is_asked_for_exists() -> None:
    asked = list(_asked_for())
    assert asked
    assert [pair for pair in asked if pair[1] not in NAMES] == []


def test_every_command_has_an_icon_that_exists() -> None:
    assert [row.id for row in actions.ROWS if row.icon not in ["", *NAMES]] == []


def test_every_kind_has_an_icon_and_every_layer_icon_a_kind() -> None:
    assert {f"layer-{kind}" for kind in icons.KINDS} == {
        name for name in NAMES if name.startswith("layer-")
    }


@pytest.mark.parametrize("kind", icons.KINDS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_colour_of_a_kind_stands_out_from_what_is_behind_it(kind: str, dark: bool) -> None:
    palette = theme.palette(dark)
    for role in (QPalette.ColorRole.Base, QPalette.ColorRole.AlternateBase):
        assert theme.contrast(QColor(icons.KINDS[kind][dark]), palette.color(role)) >= 3


def test_an_icon_has_the_colour_it_was_asked_for_and_that_of_a_chosen_row(qapp: object) -> None:
    made = icons.icon("stop", QColor("#ff0000"))
    found = made.pixmap(16, QIcon.Mode.Normal).toImage().pixelColor(8, 4)
    chosen = made.pixmap(16, QIcon.Mode.Selected).toImage().pixelColor(8, 4)
    assert found.red() > 250
    assert found.blue() < 5
    assert chosen.rgb() == QColor("white").rgb()


def test_an_icon_is_sharp_on_a_screen_of_twice_the_pixels(qapp: object) -> None:
    drawn = icons.icon("open").pixmap(QSize(16, 16), 2.0)
    assert (drawn.width(), drawn.devicePixelRatio()) == (32, 2.0)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Conv2d", "convolution"),
        ("LazyConv2d", "convolution"),
        ("MultiheadAttention", "transformer"),
        ("SqueezeExcitation", "ops"),
        ("GoogLeNet", "composite"),
        ("DoubleConv", "block"),
        ("", "composite"),
    ],
)
def test_the_kind_of_a_class_follows_from_its_group(name: str, kind: str) -> None:
    assert icons.kind_of(name) == kind


def test_every_layer_of_the_catalog_is_of_a_kind_that_says_something() -> None:
    kinds = {icons.kind_of(name) for name in core.layers()}
    assert kinds <= icons.KINDS.keys() - {"composite", "root"}


def test_a_layer_icon_is_another_in_the_dark(qapp: QApplication) -> None:
    light = icons.layer_icon("Linear").pixmap(32).toImage()
    theme.apply(qapp, "dark")
    assert icons.layer_icon("Linear").pixmap(32).toImage() != light


def test_what_is_dragged_hangs_at_the_cursor_in_full_sharpness(qapp: QApplication) -> None:
    icon, palette = icons.layer_icon("Linear"), qapp.palette()
    once, twice = (drag_pixmap("Linear", icon, palette, ratio) for ratio in (1.0, 2.0))
    assert twice.size() == once.size() * 2
    assert twice.deviceIndependentSize() == once.deviceIndependentSize()


def test_a_long_name_is_shortened_while_it_is_dragged(qapp: QApplication) -> None:
    icon, palette = icons.layer_icon("Linear"), qapp.palette()
    long, longer = (drag_pixmap("layer" * n, icon, palette, 1.0).width() for n in (20, 200))
    assert longer == pytest.approx(long, abs=12)

"""The palette: what is starred, searched and chosen, in the panel and out of it."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QDesktopServices, QFont, QFontMetricsF, QHelpEvent
from PySide6.QtWidgets import QApplication, QMenu, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from app import mime, theme
from app.item_models.palette import GROUP, NAME
from app.panels.palette import PalettePanel
from app.panels.palette_delegate import PaletteDelegate, star_rect
from app.panels.palette_note import elided_lines

Key = Qt.Key
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def empty(qtbot: QtBot) -> PalettePanel:
    made = PalettePanel()
    qtbot.addWidget(made)
    made.resize(260, 460)
    made.show()
    return made


@pytest.fixture
def panel(empty: PalettePanel) -> Iterator[PalettePanel]:
    empty.fill()
    yield empty
    for menu in empty.findChildren(QMenu):
        menu.close()


def row(panel: PalettePanel, name: str, parent: QModelIndex | None = None) -> QModelIndex:
    """The first row of a layer, or of a group by its key."""
    parent = parent or QModelIndex()
    for place in range(panel.model.rowCount(parent)):
        index = panel.model.index(place, 0, parent)
        if name in (index.data(NAME), index.data(GROUP)):
            return index
        inside = row(panel, name, index)
        if inside.isValid():
            return inside
    return QModelIndex()


def show(panel: PalettePanel, name: str) -> QModelIndex:
    """Open the group of a layer and bring it into sight."""
    index = row(panel, name)
    panel.view.expand(index.parent())
    panel.view.scrollTo(index)
    return index


def hits(panel: PalettePanel) -> list[str]:
    return [str(panel.model.index(place, 0).data(NAME)) for place in range(panel.model.rowCount())]


def test_it_says_that_it_is_loading_until_it_is_filled(empty: PalettePanel) -> None:
    assert empty.pages.currentWidget() is empty.message
    assert empty.message.text() == "Loading layers…"
    empty.field.setText("conv")
    assert empty.message.text() == "Loading layers…"
    empty.fill()
    assert empty.pages.currentWidget() is empty.view
    assert empty.view.current == "Conv1d"


def test_every_control_has_a_name(panel: PalettePanel) -> None:
    for control in (panel.field, panel.view, panel.note, panel.message):
        assert control.accessibleName()


def test_its_own_groups_are_open_and_the_many_of_pytorch_are_not(panel: PalettePanel) -> None:
    panel.set_favourites(["Linear"])
    assert panel.view.isExpanded(row(panel, "Favourites"))
    assert panel.view.isExpanded(row(panel, "Heads"))
    assert not panel.view.isExpanded(row(panel, "Loss"))


def test_typing_finds_and_enter_takes_the_best(panel: PalettePanel, qtbot: QtBot) -> None:
    qtbot.keyClicks(panel.field, "bn2d")
    assert panel.view.current == "BatchNorm2d"
    assert panel.note.signature == "BatchNorm2d(num_features, …)"
    with qtbot.waitSignal(panel.chosen) as chosen:
        qtbot.keyClick(panel.field, Key.Key_Return)
    assert chosen.args == ["BatchNorm2d"]


def test_the_arrows_move_in_the_list_while_the_field_has_the_cursor(
    panel: PalettePanel, qtbot: QtBot
) -> None:
    qtbot.keyClicks(panel.field, "conv")
    qtbot.keyClick(panel.field, Key.Key_Down)
    assert panel.view.current == hits(panel)[1] == "Conv2d"
    qtbot.keyClick(panel.field, Key.Key_Up)
    assert panel.view.current == "Conv1d"


def test_escape_brings_the_groups_back_as_they_were(panel: PalettePanel, qtbot: QtBot) -> None:
    panel.view.expand(row(panel, "Pooling"))
    panel.view.collapse(row(panel, "Heads"))
    panel.view.verticalScrollBar().setValue(40)
    qtbot.keyClicks(panel.field, "conv")
    assert not panel.view.rootIsDecorated()
    qtbot.keyClick(panel.field, Key.Key_Escape)
    assert panel.field.text() == ""
    assert panel.view.rootIsDecorated()
    assert panel.view.isExpanded(row(panel, "Pooling"))
    assert not panel.view.isExpanded(row(panel, "Heads"))
    assert panel.view.verticalScrollBar().value() == 40


def test_enter_opens_and_closes_a_group(panel: PalettePanel, qtbot: QtBot) -> None:
    panel.view.setCurrentIndex(row(panel, "Loss"))
    with qtbot.assertNotEmitted(panel.chosen):
        qtbot.keyClick(panel.view, Key.Key_Return)
    assert panel.view.isExpanded(row(panel, "Loss"))
    qtbot.keyClick(panel.view, Key.Key_Enter)
    assert not panel.view.isExpanded(row(panel, "Loss"))


def test_a_click_opens_a_group(panel: PalettePanel, qtbot: QtBot) -> None:
    index = row(panel, "Heads")
    at = panel.view.visualRect(index).center()
    qtbot.mouseClick(panel.view.viewport(), LEFT, pos=at)
    assert not panel.view.isExpanded(index)


def test_a_double_click_chooses(panel: PalettePanel, qtbot: QtBot) -> None:
    at = panel.view.visualRect(show(panel, "preset:mlp")).center()
    qtbot.mouseClick(panel.view.viewport(), LEFT, pos=at)
    with qtbot.waitSignal(panel.chosen) as chosen:
        qtbot.mouseDClick(panel.view.viewport(), LEFT, pos=at)
    assert chosen.args == ["preset:mlp"]


def test_nothing_found_names_what_may_have_been_meant(panel: PalettePanel) -> None:
    panel.field.setText("lienar")
    assert panel.pages.currentWidget() is panel.message
    assert "No layer fits “lienar”" in panel.message.text()
    panel.message.linkActivated.emit("Linear")
    assert panel.field.text() == "Linear"
    assert panel.view.current == "Linear"


def test_nothing_found_and_nothing_near_says_how_to_search(panel: PalettePanel) -> None:
    panel.field.setText("<b>" + "x" * 80)
    assert "&lt;b&gt;" in panel.message.text()
    assert "x" * 40 not in panel.message.text()
    assert "pooling" in panel.message.text()


def test_enter_with_nothing_found_chooses_nothing(panel: PalettePanel, qtbot: QtBot) -> None:
    panel.field.setText("xqzwv")
    with qtbot.assertNotEmitted(panel.chosen), qtbot.assertNotEmitted(panel.placed):
        qtbot.keyClick(panel.field, Key.Key_Return)


def test_a_click_on_the_star_makes_a_favourite_and_another_unmakes_it(
    panel: PalettePanel, qtbot: QtBot
) -> None:
    for favourites in (("Conv2d",), ()):
        rect = panel.view.visualRect(show(panel, "Conv2d"))
        with qtbot.waitSignal(panel.favourites_changed) as changed:
            qtbot.mouseClick(panel.view.viewport(), LEFT, pos=star_rect(rect).center())
        assert changed.args == [favourites]
        assert panel.favourites == favourites
    assert not row(panel, "Favourites").isValid()


def test_a_click_beside_the_star_does_not_star(panel: PalettePanel, qtbot: QtBot) -> None:
    rect = panel.view.visualRect(show(panel, "Conv2d"))
    with qtbot.assertNotEmitted(panel.favourites_changed):
        qtbot.mouseClick(panel.view.viewport(), LEFT, pos=rect.center())


def test_favourites_that_were_kept_are_shown_and_not_announced(
    panel: PalettePanel, qtbot: QtBot
) -> None:
    with qtbot.assertNotEmitted(panel.favourites_changed):
        panel.set_favourites(["ReLU"])
    assert row(panel, "ReLU").parent() == row(panel, "Favourites")


def test_what_was_used_last_stands_on_top_of_the_recent_ones(panel: PalettePanel) -> None:
    panel.set_recent(["Linear", "Conv2d"])
    panel.note_used("Conv2d")
    assert panel.recent == ("Conv2d", "Linear")
    for number in range(1, 4):
        panel.note_used(f"MaxPool{number}d")
        panel.note_used(f"AvgPool{number}d")
        panel.note_used(f"Dropout{number}d")
    assert len(panel.recent) == 8
    assert panel.recent[0] == "Dropout3d"
    assert panel.model.rowCount(row(panel, "Recent")) == 8


def test_the_menu_places_a_layer(panel: PalettePanel, qtbot: QtBot) -> None:
    menu = panel.menu_of("Conv2d")
    for action, how in zip(menu.actions(), ("replace", "before", "after"), strict=False):
        with qtbot.waitSignal(panel.placed) as placed:
            action.trigger()
        assert placed.args == [how, "Conv2d"]
        assert not action.icon().isNull()


def test_the_menu_stars_a_layer_and_says_so_afterwards(panel: PalettePanel, qtbot: QtBot) -> None:
    def star() -> tuple[str, object]:
        action = panel.menu_of("ReLU").actions()[4]
        return action.text().replace("&", ""), action

    text, action = star()
    assert text == "Add to favourites"
    with qtbot.waitSignal(panel.favourites_changed):
        action.trigger()  # type: ignore[attr-defined]
    assert star()[0] == "Remove from favourites"


def test_the_menu_opens_the_documentation(
    panel: PalettePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    panel.menu_of("Conv2d").actions()[-1].trigger()
    assert opened == ["https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html"]


def test_a_head_has_no_documentation_to_open(panel: PalettePanel) -> None:
    texts = [each.text() for each in panel.menu_of("preset:mlp").actions()]
    assert texts[0] == "&Replace selected with Small MLP"
    assert not any("ocumentation" in text for text in texts)


def test_the_menu_key_asks_about_the_current_layer(panel: PalettePanel, qtbot: QtBot) -> None:
    panel.view.setCurrentIndex(show(panel, "preset:mlp"))
    reason = QContextMenuEvent.Reason.Keyboard
    with qtbot.waitSignal(panel.view.menu_wanted) as wanted:
        QApplication.sendEvent(panel.view.viewport(), QContextMenuEvent(reason, QPoint(), QPoint()))
    assert wanted.args is not None
    assert wanted.args[0] == "preset:mlp"
    assert panel.findChildren(QMenu)[0].isVisible()


def test_a_drag_carries_the_layer_and_shows_a_tag(panel: PalettePanel) -> None:
    drag = panel.view.drag_of(row(panel, "preset:mlp"))
    assert drag is not None
    assert mime.layer_in(drag.mimeData()) == "preset:mlp"
    assert not drag.pixmap().isNull()
    assert panel.view.drag_of(row(panel, "Heads")) is None


def test_the_note_speaks_of_the_current_layer(panel: PalettePanel) -> None:
    assert panel.note.signature == ""
    assert "Drag a layer" in panel.note.summary
    panel.view.setCurrentIndex(row(panel, "Conv2d"))
    assert panel.note.signature == "Conv2d(in_channels, out_channels, kernel_size, …)"
    assert "2D convolution" in panel.note.accessibleDescription()
    panel.view.setCurrentIndex(row(panel, "Heads"))
    assert panel.note.signature == ""


def test_the_note_never_changes_its_height(panel: PalettePanel, qtbot: QtBot) -> None:
    before = panel.note.height()
    panel.view.setCurrentIndex(row(panel, "TripletMarginWithDistanceLoss"))
    qtbot.wait(1)
    assert panel.note.height() == before


def test_lines_are_broken_at_words_and_the_last_is_elided(qapp: object) -> None:
    font = QFont()
    width = round(QFontMetricsF(font).averageCharWidth() * 20)
    lines = elided_lines("one two three four five six seven eight nine ten eleven", font, width, 2)
    assert len(lines) == 2
    assert lines[0].startswith("one two")
    assert lines[1].endswith("…")
    assert elided_lines("short", font, width, 2) == ["short"]
    assert elided_lines("", font, width, 2) == []


def test_the_star_says_what_it_does(panel: PalettePanel) -> None:
    delegate = panel.view.itemDelegate()
    assert isinstance(delegate, PaletteDelegate)
    index = show(panel, "Conv2d")
    option = QStyleOptionViewItem()
    option.rect = panel.view.visualRect(index)  # type: ignore[misc]
    at = star_rect(option.rect).center()
    event = QHelpEvent(QHelpEvent.Type.ToolTip, at, panel.view.mapToGlobal(at))
    assert delegate.helpEvent(event, panel.view, option, index)
    assert delegate.star_tip(False) == "Add to favourites"
    assert delegate.star_tip(True) == "Remove from favourites"


def test_the_search_can_be_typed_over(panel: PalettePanel, qtbot: QtBot) -> None:
    panel.field.setText("conv")
    panel.focus_search()
    assert panel.field.selectedText() == "conv"
    qtbot.keyClicks(panel.field, "gelu")
    assert panel.view.current == "GELU"


def test_it_is_drawn_in_both_themes(panel: PalettePanel, qapp: QApplication) -> None:
    panel.view.setCurrentIndex(row(panel, "Conv2d"))
    light = panel.grab().toImage()
    theme.apply(qapp, "dark")
    qapp.processEvents()  # a new palette is handed on by events
    panel.set_favourites(["Conv2d"])
    dark = panel.grab().toImage()
    assert light.pixelColor(2, light.height() - 3) != dark.pixelColor(2, dark.height() - 3)

"""The palette's model: groups as the catalog has them, hits as the search orders them."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

import core
from app import mime
from app.item_models.palette import ASIDE, FAVOURITE, GROUP, NAME, PaletteModel
from app.item_models.palette_entries import entries, found, grouped, nearest


@pytest.fixture
def model(qapp: object) -> Iterator[PaletteModel]:
    made = PaletteModel()
    tester = QAbstractItemModelTester(
        made, QAbstractItemModelTester.FailureReportingMode.Fatal, made
    )
    yield made
    del tester


@pytest.fixture
def full(model: PaletteModel) -> PaletteModel:
    model.fill()
    return model


def groups(model: PaletteModel) -> list[str]:
    return [str(model.index(row, 0).data(GROUP)) for row in range(model.rowCount())]


def group(model: PaletteModel, key: str) -> QModelIndex:
    return model.index(groups(model).index(key), 0)


def names(model: PaletteModel, key: str = "") -> list[str]:
    parent = group(model, key) if key else QModelIndex()
    return [str(model.index(row, 0, parent).data(NAME)) for row in range(model.rowCount(parent))]


def test_it_is_empty_until_it_is_filled(model: PaletteModel) -> None:
    assert model.rowCount() == 0
    model.set_favourites(["Linear"])
    model.search("conv")
    assert model.rowCount() == 0


def test_every_layer_and_every_head_stands_in_its_group(full: PaletteModel) -> None:
    shown = [name for key in groups(full) for name in names(full, key)]
    assert sorted(shown) == sorted(
        [*core.layers(), *(f"preset:{each.name}" for each in core.presets())]
    )
    for key in set(groups(full)) - {"Heads"}:
        assert {core.find_layer(name).group for name in names(full, key)} == {key}


def test_blocks_have_a_group_and_a_picture_of_their_own(full: PaletteModel) -> None:
    assert {"DoubleConv", "UNet", "EncoderUNet", "CBAM"} <= set(names(full, "Blocks"))
    assert {full.known[name].kind for name in names(full, "Blocks")} == {"block"}
    index = full.index(0, 0, group(full, "Blocks"))
    assert not index.data(Qt.ItemDataRole.DecorationRole).isNull()
    assert full.known["DoubleConv"].signature == "DoubleConv(in_channels, out_channels, …)"


def test_heads_come_first_and_lazy_layers_last(full: PaletteModel) -> None:
    assert groups(full)[:4] == ["Heads", "Blocks", "Linear", "Convolution"]
    assert groups(full)[-1] == "Lazy"


def test_a_group_tells_how_many_it_holds(full: PaletteModel) -> None:
    index = group(full, "Convolution")
    assert index.data() == "Convolution"
    assert index.data(ASIDE) == str(full.rowCount(index))
    assert index.data(NAME) is None
    assert not index.data(Qt.ItemDataRole.DecorationRole).isNull()


def test_a_layer_tells_what_it_takes_and_does(full: PaletteModel) -> None:
    parent = group(full, "Linear")
    index = full.index(names(full, "Linear").index("Linear"), 0, parent)
    assert index.data() == "Linear"
    assert "Linear(in_features, out_features, …)" in index.data(Qt.ItemDataRole.ToolTipRole)
    said = index.data(Qt.ItemDataRole.AccessibleDescriptionRole)
    assert core.find_layer("Linear").summary in said
    assert index.data(ASIDE).startswith("Affine linear transformation")
    assert index.data(FAVOURITE) is False


def test_favourites_stand_on_top_in_the_order_they_were_starred(full: PaletteModel) -> None:
    full.set_favourites(["ReLU", "preset:mlp", "Conv2d"])
    assert groups(full)[0] == "Favourites"
    assert names(full, "Favourites") == ["ReLU", "preset:mlp", "Conv2d"]
    full.set_favourites(["Conv2d"])
    assert names(full, "Favourites") == ["Conv2d"]
    full.set_favourites([])
    assert "Favourites" not in groups(full)


def test_recent_layers_stand_under_the_favourites(full: PaletteModel) -> None:
    full.set_recent(["Linear"])
    full.set_favourites(["ReLU"])
    assert groups(full)[:3] == ["Favourites", "Recent", "Heads"]
    full.set_recent(["Dropout", "Linear", "ReLU"])
    full.set_recent(["ReLU", "Dropout", "Conv2d"])
    assert names(full, "Recent") == ["ReLU", "Dropout", "Conv2d"]


def test_what_was_kept_before_the_catalog_was_there_is_shown_with_it(model: PaletteModel) -> None:
    model.set_favourites(["ReLU", "GoneSinceLastTime"])
    model.set_recent(["Linear"])
    model.fill()
    assert names(model, "Favourites") == ["ReLU"]
    assert names(model, "Recent") == ["Linear"]
    assert model.favourites == ("ReLU", "GoneSinceLastTime")  # it may come back


def test_a_row_stays_the_row_it_was_while_groups_come_and_go_above_it(full: PaletteModel) -> None:
    parent = group(full, "Convolution")
    kept = QPersistentModelIndex(full.index(1, 0, parent))
    full.set_recent(["ReLU"])
    full.set_favourites(["Linear", "Conv2d"])
    full.set_favourites([])
    assert kept.data(NAME) == "Conv2d"
    assert QModelIndex(kept.parent()) == group(full, "Convolution")


def test_starring_a_layer_changes_every_row_of_it(full: PaletteModel) -> None:
    full.set_favourites(["Conv2d"])
    for key in ("Favourites", "Convolution"):
        index = full.index(names(full, key).index("Conv2d"), 0, group(full, key))
        assert index.data(FAVOURITE) is True


def test_a_search_gives_a_flat_list_in_the_order_of_the_catalog(full: PaletteModel) -> None:
    full.search("bn2d")
    assert names(full) == [each.name for each in core.search("bn2d")]
    assert full.index(0, 0).data() == "BatchNorm2d"
    assert full.index(0, 0).data(ASIDE) == "Normalization"
    full.search("")
    assert groups(full)[0] == "Heads"


def test_a_layer_can_be_starred_while_searching(full: PaletteModel) -> None:
    full.search("relu")
    full.set_favourites(["ReLU"])
    assert full.index(0, 0).data(FAVOURITE) is True
    full.search("")
    assert names(full, "Favourites") == ["ReLU"]


def test_a_search_typed_before_the_catalog_was_there_is_answered_with_it(
    model: PaletteModel,
) -> None:
    model.search("conv2d")
    model.fill()
    assert model.index(0, 0).data(NAME) == "Conv2d"


@pytest.mark.parametrize(
    ("text", "best", "within"),
    [
        ("linear", "Linear", "preset:linear"),
        ("norm", "RMSNorm", "preset:norm-linear"),
        ("tutorial", "preset:tutorial", "preset:tutorial"),
        ("head", "preset:linear", "MultiheadAttention"),
        ("  MLP ", "MLP", "preset:mlp"),
    ],
)
def test_heads_are_found_but_never_before_a_layer_of_that_name(
    text: str, best: str, within: str
) -> None:
    hits = [each.name for each in found(text, entries())]
    assert hits[0] == best
    assert within in hits
    assert len(hits) == len(set(hits))


def test_the_users_own_groups_stand_between_heads_and_pytorch() -> None:
    known = entries()
    own = [each for each in known.values() if each.name in ("Conv2d", "preset:mlp")]
    mine = type(own[0])("Mine", "Mine", "Blocks", "block")
    assert list(grouped([own[1], mine, own[0]])) == ["Heads", "Blocks", "Convolution"]


def test_a_slip_of_the_finger_finds_what_was_meant() -> None:
    known = entries()
    assert nearest("lienar", known)[0] == "Linear"
    assert "BatchNorm2d" in nearest("BatchNrm2d", known)
    assert nearest("xqzwv", known) == []


def test_layers_are_dragged_out_and_groups_are_not(full: PaletteModel) -> None:
    parent = group(full, "Heads")
    assert not full.flags(parent) & Qt.ItemFlag.ItemIsDragEnabled
    index = full.index(0, 0, parent)
    assert full.flags(index) & Qt.ItemFlag.ItemIsDragEnabled
    assert mime.layer_in(full.mimeData([index])) == "preset:linear"
    assert full.supportedDragActions() == Qt.DropAction.CopyAction

"""Header, shapes, weights, training and documentation of what is selected."""

from collections.abc import Callable

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox
from pytestqt.qtbot import QtBot
from torch import nn

import core
from app import theme
from app.jobs import Jobs
from app.panels.inspector import InspectorPanel
from app.state import State
from core.document import Document
from core.session import Session
from tests.app.panels.inspector.conftest import Bench
from tests.zoo import ZOO, Tied

Benches = Callable[..., Bench]
CONV = "Sequential(conv=Conv2d(3, 8, 3, bias=False), bn=BatchNorm2d(8), act=ReLU())"


def zoo(name: str) -> Session:
    build, inputs = ZOO[name]
    return Session(Document.of(build(), core.parse_inputs(inputs)))


def test_without_a_document_or_selection_it_says_what_to_do(qtbot: QtBot, jobs: Jobs) -> None:
    panel = InspectorPanel(jobs)
    qtbot.addWidget(panel)
    assert panel.pages.currentIndex() == 0
    assert "Open a model" in panel.empty.text()
    panel.show_state(State(document=core.open(CONV).document))
    assert "Select a module" in panel.empty.text()


def test_the_header_says_which_module_and_how_it_differs(bench: Benches) -> None:
    made = bench(core.open(CONV), "conv")
    header = made.panel.header
    assert (header.title.text(), header.kind.text()) == ("conv", "Conv2d")
    assert header.mark.isHidden()
    made.enter("stride", "2")
    assert header.mark.text() == "~ changed"
    header.copy.click()
    assert QGuiApplication.clipboard().text() == "conv"
    made.show("conv", "bn", "")
    assert header.title.text() == "3 modules"
    assert header.kind.text() == "1 Conv2d, 1 BatchNorm2d, 1 Sequential"


def test_shapes_and_cost_follow_the_edit(bench: Benches) -> None:
    made = bench(core.open(CONV, inputs=core.parse_inputs("1,3,10,10")), "conv")
    facts = made.panel.shapes.facts
    assert facts.facts() == {
        "Input": "1×3×10×10 float32", "Output": "1×8×8×8 float32", "Parameters": "216",
        "MACs": "13.8 k", "Memory": "864 B",
    }  # fmt: skip
    made.enter("out_channels", "4")
    assert facts.facts()["Output"] == "1×4×8×8 float32"


def test_while_there_is_no_report_the_numbers_before_stay(bench: Benches) -> None:
    made = bench(core.open(CONV, inputs=core.parse_inputs("1,3,10,10")), "conv")
    state = made.state_of(made.session, "conv")
    made.panel.show_state(State(document=state.document, selection=("conv",)))
    assert made.panel.shapes.facts.facts()["Output"] == "1×8×8×8 float32"
    made.panel.show_state(State(document=state.document, selection=("bn",)))
    assert made.panel.shapes.facts.facts() == {"Input": "…", "Output": "…"}


def test_several_inputs_calls_and_what_is_not_called_are_told(bench: Benches) -> None:
    made = bench(zoo("two inputs"), "")
    assert made.panel.shapes.facts.facts()["Input"].count("\n") == 1
    made = bench(zoo("recursive"), "step")
    assert made.panel.shapes.facts.facts()["Calls"] == "3"
    made = bench(zoo("unused"), "unused")
    assert "does not call it" in made.panel.shapes.note.text()


def test_of_several_the_cost_is_counted_once(bench: Benches) -> None:
    made = bench(core.open(CONV), "", "conv")
    assert made.panel.shapes.facts.facts()["Parameters"] == "232"


@pytest.mark.parametrize("name", ZOO)
def test_every_module_of_every_odd_model_can_be_inspected(bench: Benches, name: str) -> None:
    made = bench(zoo(name), "")
    for path, _ in made.session.document.modules():
        made.show(path)
    assert made.asked == []


def test_the_weights_are_listed_and_the_first_is_counted(bench: Benches, qtbot: QtBot) -> None:
    made = bench(core.open(CONV), "bn")
    weights = made.panel.weights
    rows = [weights.table.topLevelItem(i).text(0) for i in range(weights.table.topLevelItemCount())]
    assert rows == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    qtbot.waitUntil(lambda: weights.facts.facts().get("Mean") == "1")
    assert sum(weights.histogram.counts) == 8
    weights.table.setCurrentItem(weights.table.topLevelItem(4))
    qtbot.waitUntil(lambda: weights.facts.facts()["Kind"] == "buffer")
    qtbot.waitUntil(lambda: weights.facts.facts()["Range"] == "0")


def test_the_same_weight_stays_selected_after_an_edit(bench: Benches) -> None:
    made = bench(core.open("Sequential(Linear(4, 8))"), "0")
    weights = made.panel.weights
    weights.table.setCurrentItem(weights.table.topLevelItem(1))
    made.enter("out_features", "4")
    assert weights.current is not None
    assert (weights.current.name, weights.current.shape) == ("bias", (4,))


def test_numbers_that_are_not_finite_are_told(bench: Benches, qtbot: QtBot) -> None:
    layer = nn.Linear(2, 2)
    with torch.no_grad():
        layer.weight[0, 0] = float("nan")
    made = bench(Session(Document.of(nn.Sequential(layer))), "0")
    qtbot.waitUntil(lambda: "1 NaN, 0 infinite" in made.panel.weights.note.text())


def test_a_structure_has_no_values_and_says_so(bench: Benches, qtbot: QtBot) -> None:
    with torch.device("meta"):
        root = nn.Sequential(nn.Linear(4, 4))
    made = bench(Session(Document.of(root, core.parse_inputs("1,4"))), "0")
    qtbot.waitUntil(lambda: "only the structure" in made.panel.weights.note.text())
    made.enter("out_features", "3")
    assert made.session.document.module("0").weight.is_meta


def test_tied_weights_name_each_other(bench: Benches) -> None:
    made = bench(zoo("tied"), "head")
    assert made.panel.weights.facts.facts()["Tied to"] == "embedding.weight"


def test_freezing_is_asked_and_shown(bench: Benches) -> None:
    made = bench(core.open(CONV), "")
    frozen = made.panel.weights.training.frozen
    made.session.apply(core.Freeze("bn"))
    made.show("")
    assert frozen.checkState() == Qt.CheckState.PartiallyChecked
    frozen.click()
    assert made.asked == [core.Freeze("")]
    assert frozen.checkState() == Qt.CheckState.Checked
    frozen.click()
    assert made.asked[1:] == [core.Unfreeze("")]
    assert frozen.checkState() == Qt.CheckState.Unchecked
    made.show("act")
    assert made.panel.weights.training.isHidden()


def test_several_are_frozen_and_started_anew_in_one_step(bench: Benches) -> None:
    made = bench(core.open(CONV), "conv", "bn", "act")
    training = made.panel.weights.training
    training.frozen.click()
    assert made.asked[0].label == "Freeze 2 modules"
    training.anew.click()
    assert made.asked[1].label == "Reinitialise 2 modules"


def test_a_shared_weight_is_frozen_once(bench: Benches) -> None:
    made = bench(zoo("tied"), "embedding", "head")
    made.panel.weights.training.frozen.click()
    assert made.asked == [core.Freeze("embedding")]
    assert not made.session.document.root.head.weight.requires_grad


def test_documentation_and_link_are_those_of_the_class(bench: Benches) -> None:
    made = bench(core.open(CONV), "conv")
    about = made.panel.about
    assert about.text.text().startswith("Applies a 2D convolution")
    assert "torch.nn.Conv2d.html" in about.link.text()
    assert about.link.openExternalLinks()
    made = bench(Session(Document.of(Tied(), core.parse_inputs("2,5:int64"))), "")
    about = made.panel.about
    assert about.text.text() == "One weight under two names, as language models have it."
    assert about.link.isHidden()
    assert about.file.toolTip().endswith("zoo.py")


def test_a_bar_says_what_it_stands_for(bench: Benches) -> None:
    made = bench(core.open(CONV), "conv")
    histogram = made.panel.weights.histogram
    histogram.show_counts((1, 0, 3, 2), -1.0, 1.0)
    histogram.resize(100, 60)
    assert histogram.bin_text(60) == "0 to 0.5: 3 values"
    assert histogram.bin_text(-5) == "-1 to -0.5: 1 value"


def test_the_theme_may_change_while_it_is_open(bench: Benches, qapp: QApplication) -> None:
    made = bench(core.open(CONV), "conv")
    made.type("stride", "x")
    theme.apply(qapp, "dark")
    qapp.processEvents()
    message = made.panel.form.fields["stride"].message.text
    assert message.palette().windowText().color() == theme.tone("problem")
    made.panel.grab()


def test_every_control_has_a_name(bench: Benches) -> None:
    made = bench(core.open(CONV), "conv")
    for kind in (QAbstractButton, QAbstractSpinBox, QComboBox):
        for each in made.panel.findChildren(kind):
            text = each.text() if isinstance(each, QAbstractButton) else ""
            assert each.accessibleName() or text or each.objectName().startswith("qt_")


def test_sections_open_and_close(bench: Benches) -> None:
    made = bench(core.open(CONV), "conv")
    made.panel.about_section.set_open(False)
    assert made.panel.about.isHidden()
    made.panel.about_section.set_open(True)
    assert not made.panel.about.isHidden()

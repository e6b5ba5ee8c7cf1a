"""The form: state -> fields, fields -> edits; nonsense, refusals, several modules, focus."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from torch import nn
from torchvision.models.resnet import Bottleneck

import core
from core.document import Document, recording
from core.session import Session
from tests.app.panels.inspector.conftest import Bench

Benches = Callable[..., Bench]


def session(model: str) -> Session:
    return core.open(model)


def shown(bench: Bench) -> dict[str, str]:
    fields = bench.panel.form.fields.values()
    return {f.name: f.editor.text() for f in fields if f.editor is not None}


def test_the_arguments_of_the_selected_layer_are_shown(bench: Benches) -> None:
    found = shown(bench(session("Sequential(Conv2d(3, 8, (3, 5), padding='same'))"), "0"))
    assert found == {
        "in_channels": "3", "out_channels": "8", "kernel_size": "3, 5", "stride": "1",
        "padding": "same", "dilation": "1", "groups": "1", "bias": "True", "padding_mode": "zeros",
    }  # fmt: skip


#: kind -> (model, path, argument, what is typed or chosen, what the module then has)
KINDS: dict[str, tuple[str, str, str, str, Any]] = {
    "int": ("Sequential(Linear(4, 8))", "0", "out_features", "6", 6),
    "optional int": ("Sequential(Embedding(9, 4))", "0", "padding_idx", "2", 2),
    "float": ("Sequential(Dropout(0.5))", "0", "p", "0.25", 0.25),
    "optional float": ("Sequential(BatchNorm1d(4))", "0", "momentum", "None", None),
    "str": ("Sequential(StochasticDepth(0.5, 'row'))", "0", "mode", "batch", "batch"),
    "one number": ("Sequential(Conv2d(3, 8, 3))", "0", "stride", "2", 2),
    "a tuple": ("Sequential(Conv2d(3, 8, 3))", "0", "stride", "2, 1", (2, 1)),
    "a word for numbers": ("Sequential(Conv2d(3, 8, 3))", "0", "padding", "same", "same"),
    "float or tuple": ("Sequential(Upsample(scale_factor=2.0))", "0", "scale_factor", "1.5", 1.5),
    "tuple": ("Sequential(Permute([0, 2, 1]))", "0", "dims", "0, 1, 2", (0, 1, 2)),
    "shape": ("Sequential(LayerNorm(4))", "0", "normalized_shape", "2, 4", (2, 4)),
    "tensor": ("Sequential(CrossEntropyLoss())", "0", "weight", "1.0, 2.5", (1, 2.5)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_typed_and_settled_becomes_an_edit_and_comes_back(
    bench: Benches, kind: str
) -> None:
    model, path, name, text, value = KINDS[kind]
    made = bench(session(model), path)
    if kind == "str":  # it is a choice of words
        editor = made.panel.form.fields[name].editor
        editor.put(text)
        editor.settle()
    else:
        made.enter(name, text)
    assert made.asked == [core.SetArguments(path, {name: value})]
    arguments = {
        e.parameter.name: e.value for e in core.form_of(made.session.document.module(path))
    }
    assert arguments[name] == value
    assert shown(made)[name] == text
    made.session.undo()
    made.show(path)
    assert shown(made)[name] != text


def test_a_check_box_is_a_bool(bench: Benches) -> None:
    made = bench(session("Sequential(Linear(4, 8))"), "0")
    made.panel.form.fields["bias"].editor.control.click()
    assert made.asked == [core.SetArguments("0", {"bias": False})]
    assert made.session.document.module("0").bias is None


def test_a_choice_offers_its_words(bench: Benches) -> None:
    made = bench(session("Sequential(Conv2d(3, 8, 3))"), "0")
    combo = made.panel.form.fields["padding_mode"].editor.control
    assert [combo.itemText(i) for i in range(combo.count())] == [
        "zeros", "reflect", "replicate", "circular",
    ]  # fmt: skip
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    assert made.asked == [core.SetArguments("0", {"padding_mode": "reflect"})]


def test_an_activation_and_a_layer_class_are_chosen_or_typed(bench: Benches) -> None:
    made = bench(session("TransformerEncoderLayer(8, 2)"), "")
    assert shown(made)["activation"] in ("relu", "F.relu")
    made.enter("activation", "gelu")
    assert made.asked == [core.SetArguments("", {"activation": "gelu"})]
    made = bench(session("Sequential(SqueezeExcitation(8, 2))"), "0")
    made.enter("activation", "SiLU")
    assert made.asked == [core.SetArguments("0", {"activation": "SiLU"})]
    assert isinstance(made.session.document.module("0").activation, nn.SiLU)


NONSENSE = [
    *((model, path, name) for model, path, name, *_ in KINDS.values() if name != "mode"),
    ("TransformerEncoderLayer(8, 2)", "", "activation"),
    ("Sequential(SqueezeExcitation(8, 2))", "0", "activation"),
]


@pytest.mark.parametrize(("model", "path", "name"), NONSENSE)
@pytest.mark.parametrize("text", ["", "??", "[1", "Linear(", "nonsense, more"])
def test_nonsense_is_marked_with_a_sentence_and_asks_nothing(
    bench: Benches, model: str, path: str, name: str, text: str
) -> None:
    made = bench(session(model), path)
    before = shown(made)[name]
    made.type(name, text)
    assert made.panel.form.fields[name].editor.wrong
    assert made.message(name).endswith((".", "?"))
    made.enter(name, text)
    assert made.asked == []
    made.type(name, before)
    assert made.message(name) == ""
    assert not made.panel.form.fields[name].editor.wrong


def test_nonsense_that_is_left_gives_way_to_the_documents_value(bench: Benches) -> None:
    made = bench(session("Sequential(Linear(4, 8))"), "0")
    made.enter("out_features", "many")
    made.panel.form.fields["out_features"].editor.left.emit()
    assert shown(made)["out_features"] == "8"
    assert "out_features is an int" in made.message("out_features")


def test_escape_takes_back_what_was_typed(bench: Benches, qtbot: QtBot) -> None:
    made = bench(session("Sequential(Linear(4, 8))"), "0")
    made.type("out_features", "many")
    qtbot.keyClick(made.panel.form.fields["out_features"].editor, Qt.Key.Key_Escape)
    assert shown(made)["out_features"] == "8"
    assert made.message("out_features") == ""


def test_the_core_is_asked_while_one_is_typing(bench: Benches, qtbot: QtBot) -> None:
    made = bench(session("Sequential(Conv2d(4, 8, 3))"), "0")
    made.type("groups", "3")
    assert made.message("groups") == ""
    qtbot.waitUntil(lambda: "divisible" in made.message("groups"))
    made.type("groups", "2")
    assert made.message("groups") == ""
    assert made.asked == []


def test_a_refused_edit_returns_to_the_documents_value_and_says_why(bench: Benches) -> None:
    made = bench(session("Sequential(Conv2d(4, 8, 3))"), "0")
    made.enter("groups", "3")
    assert len(made.asked) == 1
    assert shown(made)["groups"] == "1"
    assert "divisible" in made.message("groups")
    assert not made.panel.form.fields["groups"].editor.wrong
    made.enter("groups", "2")
    assert made.message("groups") == ""


def test_a_refusal_of_something_else_is_not_told_in_a_field(bench: Benches) -> None:
    made = bench(session("Sequential(Linear(4, 8))"), "0")
    made.panel.show_refusal("Something else went wrong.")
    assert not any(made.message(name) for name in made.panel.form.fields)


def test_what_is_not_the_default_is_bold_and_can_be_reset(bench: Benches) -> None:
    made = bench(session("Sequential(Conv2d(3, 8, 3, stride=2))"), "0")
    field = made.panel.form.fields["stride"]
    assert field.label.font().bold()
    assert not field.reset.isHidden()
    assert made.panel.form.fields["kernel_size"].reset.isHidden()
    field.reset.click()
    assert made.asked == [core.SetArguments("0", {"stride": 1})]
    assert not made.panel.form.fields["stride"].label.font().bold()
    assert made.panel.form.fields["stride"].reset.isHidden()


def test_the_field_keeps_the_focus_when_its_edit_comes_back(bench: Benches, qtbot: QtBot) -> None:
    made = bench(session("Sequential(Conv2d(3, 8, 3))"), "0")
    field = made.panel.form.fields["stride"]
    assert field.editor is not None
    field.editor.setFocus()
    made.panel.activateWindow()
    qtbot.waitUntil(field.editor.control.hasFocus)
    made.line("stride").selectAll()
    qtbot.keyClicks(field.editor.control, "2")
    qtbot.keyClick(field.editor.control, Qt.Key.Key_Return)
    assert made.asked == [core.SetArguments("0", {"stride": 2})]
    assert made.panel.form.fields["stride"] is field
    assert field.editor.control.hasFocus()
    assert field.editor.text() == "2"


def test_tab_goes_from_the_editor_to_its_reset_and_to_the_next_row(bench: Benches) -> None:
    made = bench(session("Sequential(Conv2d(3, 8, 3, stride=2, padding=1))"), "0")
    fields = made.panel.form.fields
    stops = []
    at = fields["stride"].editor.control
    while at is not fields["dilation"].editor.control:
        stops.append(at)
        at = at.nextInFocusChain()
    wanted = [*fields["stride"].editor.stops, fields["stride"].reset]
    wanted += [*fields["padding"].editor.stops, fields["padding"].reset]
    assert [each for each in stops if each in wanted] == wanted
    assert fields["bias"].reset not in stops


def test_what_is_being_typed_stays_when_another_edit_comes_back(bench: Benches) -> None:
    made = bench(session("Sequential(Conv2d(3, 8, 3))"), "0")
    made.type("kernel_size", "5, ")
    made.enter("stride", "2")
    assert shown(made)["kernel_size"] == "5, "


def test_holding_a_step_button_asks_now_and_then(bench: Benches, qtbot: QtBot) -> None:
    made = bench(session("Sequential(Linear(4, 8))"), "0")
    box = made.panel.form.fields["out_features"].editor.control
    for _ in range(4):
        box.stepBy(1)
    assert shown(made)["out_features"] == "12"
    qtbot.waitUntil(lambda: bool(made.asked))
    assert made.asked == [core.SetArguments("0", {"out_features": 12})]


def test_another_selection_drops_what_was_typed_and_asks_nothing(bench: Benches) -> None:
    made = bench(session("Sequential(Linear(4, 8), Linear(8, 2))"), "0")
    made.type("out_features", "9")
    made.show("1")
    assert shown(made)["out_features"] == "2"
    assert made.asked == []


def test_several_show_what_they_share_and_change_at_once(bench: Benches) -> None:
    text = "Sequential(Conv2d(3, 8, 3), Conv2d(8, 8, 5), Flatten(), LazyLinear(4))"
    made = bench(session(text), "0", "1", "3")
    assert list(shown(made)) == ["bias"]
    made.show("0", "1")
    assert shown(made)["kernel_size"] == ""
    assert made.line("kernel_size").placeholderText() == "mixed"
    assert shown(made)["stride"] == "1"
    made.enter("padding", "same")
    (edit,) = made.asked
    assert isinstance(edit, core.Together)
    assert edit.label == "Set padding=same of 2 modules"
    assert shown(made)["padding"] == "same"
    assert made.session.document.module("1").padding == "same"


def test_several_of_which_one_has_the_value_already_make_one_plain_edit(bench: Benches) -> None:
    made = bench(session("Sequential(Conv2d(3, 8, 3), Conv2d(8, 8, 5))"), "0", "1")
    made.enter("kernel_size", "5")
    assert made.asked == [core.SetArguments("0", {"kernel_size": 5})]


def test_a_mixed_check_box_is_partly_checked(bench: Benches) -> None:
    made = bench(session("Sequential(Linear(4, 4), Linear(4, 4, bias=False))"), "0", "1")
    check = made.panel.form.fields["bias"].editor.control
    assert check.checkState() == Qt.CheckState.PartiallyChecked


def block(recorded: bool) -> Session:
    if not recorded:
        return Session(
            Document.of(nn.Sequential(Bottleneck(64, 16)), core.parse_inputs("1,64,8,8"))
        )
    with recording():
        model = nn.Sequential(Bottleneck(64, 16))
    return Session(Document.of(model, core.parse_inputs("1,64,8,8")))


def test_a_recorded_composite_is_a_form_too(bench: Benches) -> None:
    made = bench(block(recorded=True), "0")
    assert shown(made)["planes"] == "16"
    made.enter("norm_layer", "InstanceNorm2d")
    assert isinstance(made.session.document.module("0.bn1"), nn.InstanceNorm2d)


def test_a_composite_changed_inside_says_so_in_place(bench: Benches) -> None:
    made = bench(block(recorded=True), "0")
    made.session.apply("0.relu = GELU()")
    made.show("0")
    made.enter("groups", "2")
    assert "changed inside by hand" in made.message("groups")


def test_an_opaque_composite_and_a_container_say_why_there_is_no_form(bench: Benches) -> None:
    made = bench(block(recorded=False), "0")
    assert made.panel.form.fields == {}
    assert "is not known" in made.panel.form.note.text()
    made.show("")
    assert "Sequential has no arguments" in made.panel.form.note.text()
    made.show("0.relu")
    assert list(shown(made)) == ["inplace"]


def test_what_is_rarely_given_is_behind_a_button(bench: Benches) -> None:
    made = bench(session("Sequential(Linear(4, 8), BatchNorm1d(8), Softmax(1))"), "0")
    more = made.panel.form.more
    assert more.text() == "More arguments (2)"
    assert more.accessibleName() == "More arguments (2), closed"
    assert list(shown(made)) == ["in_features", "out_features", "bias"]
    more.click()
    assert list(shown(made)) == ["in_features", "out_features", "bias", "device", "dtype"]
    assert shown(made)["dtype"] == "None"
    assert more.accessibleName() == "More arguments (2), open"
    made.show("1")
    assert "dtype" in shown(made)  # who wants to see them wants it of the next one, too
    more.click()
    assert "dtype" not in shown(made)
    assert made.asked == []
    made.show("2")
    assert not more.isVisible()


def test_what_is_rarely_given_is_edited_like_the_rest(bench: Benches, qtbot: QtBot) -> None:
    made = bench(session("Sequential(Linear(4, 8))"), "0")
    made.type("out_features", "9")
    made.panel.form.more.click()
    assert shown(made)["out_features"] == "9"  # what is being typed stays
    made.type("dtype", "float99")
    assert made.message("dtype").startswith("dtype is a dtype")
    field = made.panel.form.fields["dtype"]
    made.enter("dtype", "float64")
    assert made.asked == [core.SetArguments("0", {"dtype": "float64"})]
    assert made.panel.form.fields["dtype"] is field
    assert field.label.font().bold()
    assert made.session.document.module("0").weight.dtype == torch.float64
    field.reset.click()
    assert made.session.document.module("0").weight.dtype == torch.float32


def test_what_is_rarely_given_but_was_is_shown_at_once(bench: Benches) -> None:
    made = bench(session("Sequential(Linear(4, 8, dtype=torch.float64), Linear(8, 2))"), "0")
    assert shown(made)["dtype"] == "float64"
    made.show("1")
    assert "dtype" not in shown(made)
    made.session.apply(core.SetArguments("1", {"dtype": "float64"}))
    made.show("1")
    assert shown(made)["dtype"] == "float64"


def test_tab_goes_from_the_last_usual_argument_over_the_button_to_the_rare_ones(
    bench: Benches,
) -> None:
    made = bench(session("Sequential(Linear(4, 8))"), "0")
    made.panel.form.more.click()
    fields = made.panel.form.fields
    wanted = [fields["bias"].editor.control, made.panel.form.more]
    wanted += [fields["device"].editor.control, fields["dtype"].editor.control]
    stops = [wanted[0]]
    while stops[-1] is not wanted[-1]:
        stops.append(stops[-1].nextInFocusChain())
    assert [each for each in stops if each in wanted] == wanted

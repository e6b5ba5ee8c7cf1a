"""Every condition has a file that shows it, written by plain PyTorch, and its load is held against
plain PyTorch: what ``load_state_dict`` gives once the file was repaired by hand.
"""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import VisionTransformer, densenet121, resnet18
from torchvision.models.vision_transformer import interpolate_embeddings

from core.checkpoint import Plan, doubts, load, match
from core.document import Document
from core.edits import Duplicate, Freeze, Insert, Move, Remove, Rename, Replace, SetArguments
from core.errors import CheckpointError, NothingInCommon
from core.files import read_contents
from core.session import Session
from tests.zoo import Tied


class Net(nn.Module):
    """Small, with everything: a first convolution, normalisations, a nested part and a head."""

    def __init__(self, channels: int = 3, classes: int = 10, wrap: bool = False) -> None:
        super().__init__()
        features = nn.Sequential(
            nn.Conv2d(channels, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3)
        )
        self.features = nn.DataParallel(features) if wrap else features
        self.submodule = nn.Conv2d(4, 4, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(4, classes)
        self.extra = nn.ModuleDict({"first": nn.Linear(2, 2)})

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.flatten(self.pool(self.submodule(self.features(x)))))


def trained(net: nn.Module) -> nn.Module:
    """Values no initialiser gives, so that what was not loaded is seen."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                values = torch.randn(tensor.shape, generator=generator)
                tensor.copy_(values.abs() + 0.1 if name.endswith("var") else values)
            else:
                tensor.fill_(5)
    return net


@pytest.fixture
def net() -> nn.Module:
    return trained(Net())


@pytest.fixture
def document() -> Document:
    return Document.of(Net())


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(what: object, name: str = "file.pth", **options: Any) -> Path:
        torch.save(what, tmp_path / name, **options)
        return tmp_path / name

    return write


def equal(document: Document, oracle: nn.Module | dict[str, Tensor]) -> None:
    state = oracle if isinstance(oracle, dict) else oracle.state_dict()
    mine = document.state_dict()
    assert list(mine) == list(state)
    for name, tensor in state.items():
        assert torch.equal(mine[name], tensor), name
        assert mine[name].dtype == tensor.dtype


def kinds(plan: Plan) -> set[str]:
    return {each.kind for each in plan.conditions}


def sentence(plan: Plan, kind: str) -> str:
    return next(each.sentence for each in plan.conditions if each.kind == kind)


def prefixed(prefix: str, net: nn.Module) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in net.state_dict().items()}


def test_a_file_that_fits(net: nn.Module, document: Document, written: Any) -> None:
    plan = match(document, read_contents(written(net.state_dict())))
    assert plan.complete
    assert not plan.conditions
    found = load(plan)
    assert str(found) == f"{len(net.state_dict())} of {plan.tensors} loaded, 0 still random"
    equal(found.document, net)


NAMES: dict[str, tuple[Callable[[nn.Module], object], str]] = {
    "dataparallel": (lambda net: nn.DataParallel(net).state_dict(), "module prefix"),
    "compiled": (lambda net: prefixed("_orig_mod.", net), "compiled"),
    "compiled dataparallel": (lambda net: prefixed("module._orig_mod.", net), "compiled"),
    "model.": (lambda net: prefixed("model.", net), "prefix"),
    "backbone.": (lambda net: prefixed("backbone.", net), "prefix"),
    "state_dict": (lambda net: {"state_dict": net.state_dict(), "epoch": 3}, "nested"),
    "model": (lambda net: {"model": net.state_dict(), "args": None}, "nested"),
    "model_state_dict": (lambda net: {"model_state_dict": net.state_dict()}, "nested"),
    "net": (lambda net: {"net": net.state_dict(), "acc": 90.0}, "nested"),
    "ema alone": (lambda net: {"ema": net.state_dict(), "epoch": 3}, "nested"),
    "nested dataparallel": (lambda net: {"state_dict": prefixed("module.", net)}, "module prefix"),
    "whole model": (lambda net: net, "whole model"),
    "whole dataparallel": (lambda net: nn.DataParallel(net), "wrapped"),
    "bound method": (lambda net: net.state_dict, "whole model"),
}


@pytest.mark.parametrize("condition", NAMES)
def test_names_and_places(condition: str, net: nn.Module, document: Document, written: Any) -> None:
    made, kind = NAMES[condition]
    plan = match(document, read_contents(written(made(net))))
    assert kind in kinds(plan), plan.conditions
    assert plan.complete
    equal(load(plan).document, net)


def test_module_in_the_middle(document: Document, written: Any) -> None:
    wrapped = trained(Net(wrap=True))
    plan = match(document, read_contents(written(wrapped.state_dict())))
    assert plan.complete
    assert "features.module." in sentence(plan, "module prefix")
    by_hand = {
        n.replace("features.module.", "features."): t for n, t in wrapped.state_dict().items()
    }
    assert "submodule.weight" in by_hand
    equal(load(plan).document, by_hand)


def test_a_wrapped_model_takes_a_plain_file(net: nn.Module, written: Any) -> None:
    document = Document.of(nn.DataParallel(Net()))
    plan = match(document, read_contents(written(net.state_dict())))
    assert plan.complete
    assert "wrapped here" in kinds(plan)
    equal(load(plan).document, prefixed("module.", net))


def test_a_prefix_that_only_the_model_has(net: nn.Module, written: Any) -> None:
    outer = nn.Module()
    outer.encoder = Net()
    plan = match(Document.of(outer), read_contents(written(net.state_dict())))
    assert plan.complete
    equal(load(plan).document, prefixed("encoder.", net))


def test_raw_and_averaged_are_asked_for(net: nn.Module, document: Document, written: Any) -> None:
    averaged = trained(copy.deepcopy(net))
    with torch.no_grad():
        averaged.fc.weight.add_(1)
    file = written({"state_dict": net.state_dict(), "state_dict_ema": averaged.state_dict()})
    plan = match(document, read_contents(file))
    assert not plan.complete
    assert {c.text for c in plan.asks[0].choices} == {
        "weights=state_dict",
        "weights=state_dict_ema",
    }
    with pytest.raises(CheckpointError, match=r"moving average.*weights=state_dict_ema"):
        load(plan)
    for label, oracle in (("state_dict", net), ("state_dict_ema", averaged)):
        chosen = match(document, read_contents(file), choices=[f"weights={label}"])
        equal(load(chosen).document, oracle)
    with pytest.raises(CheckpointError, match="no weights 'teacher'"):
        match(document, read_contents(file), choices=["weights=teacher"])


def test_of_two_models_in_a_file_the_one_that_fits(
    net: nn.Module, document: Document, written: Any
) -> None:
    other = nn.Sequential(nn.Linear(9, 9), nn.Linear(9, 9))
    file = written({"generator": net.state_dict(), "discriminator": other.state_dict()})
    plan = match(document, read_contents(file))
    assert plan.weights.label == "generator"
    equal(load(plan).document, net)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_another_dtype_becomes_the_models(
    dtype: torch.dtype, net: nn.Module, document: Document, written: Any
) -> None:
    plan = match(document, read_contents(written(copy.deepcopy(net).to(dtype).state_dict())))
    assert plan.complete
    assert f"{str(dtype).removeprefix('torch.')} in the file" in sentence(plan, "dtype")
    oracle = Net()
    oracle.load_state_dict(copy.deepcopy(net).to(dtype).state_dict())
    equal(load(plan).document, oracle)


def test_numpy_arrays(net: nn.Module, document: Document, tmp_path: Path) -> None:
    import pickle

    file = tmp_path / "arrays.pkl"
    file.write_bytes(pickle.dumps({n: t.numpy() for n, t in net.state_dict().items()}))
    plan = match(document, read_contents(file))
    assert "numpy" in kinds(plan)
    equal(load(plan).document, net)


def test_the_old_format_and_safetensors(
    net: nn.Module, document: Document, written: Any, tmp_path: Path
) -> None:
    old = written(net.state_dict(), _use_new_zipfile_serialization=False)
    equal(load(match(document, read_contents(old))).document, net)
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    equal(load(match(document, read_contents(tmp_path / "net.safetensors"))).document, net)


def test_saved_from_cuda_loads_on_a_machine_without(
    net: nn.Module, document: Document, written: Any
) -> None:
    """The location is all that a file from another device has: it is written into one here."""
    import zipfile

    file = written(net.state_dict())
    there = file.with_name("cuda.pth")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(there, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("data.pkl"):
                data = data.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
            new.writestr(name, data)
    plan = match(document, read_contents(there))
    assert "cuda:0" in sentence(plan, "device")
    equal(load(plan).document, net)


def test_missing_counters_stay_the_models_own(
    net: nn.Module, document: Document, written: Any
) -> None:
    state = {n: t for n, t in net.state_dict().items() if not n.endswith("num_batches_tracked")}
    plan = match(document, read_contents(written(state)))
    assert plan.complete
    assert "num_batches_tracked" in sentence(plan, "own buffers")
    found = load(plan)
    assert not found.random
    oracle = Net()
    oracle.load_state_dict(state, strict=False)
    equal(found.document, oracle)


def test_another_number_of_classes(net: nn.Module, written: Any) -> None:
    document = Document.of(Net(classes=4))
    file = written(net.state_dict())
    plan = match(document, read_contents(file))
    assert not plan.complete
    assert sentence(plan, "classes") == "fc has 4 outputs in the model and 10 in the file."
    with pytest.raises(CheckpointError, match=r"2 of another shape \(fc.weight, fc.bias\)"):
        load(plan)
    found = load(plan, partial=True)
    assert found.random == ("fc.weight", "fc.bias")
    assert torch.equal(found.document.state_dict()["fc.weight"], document.state_dict()["fc.weight"])
    cut = load(match(document, read_contents(file), choices=["classes=slice"]))
    assert torch.equal(cut.document.state_dict()["fc.weight"], net.state_dict()["fc.weight"][:4])
    assert torch.equal(cut.document.state_dict()["fc.bias"], net.state_dict()["fc.bias"][:4])
    assert not cut.random


def test_more_classes_keep_the_models_own_rows(net: nn.Module, written: Any) -> None:
    document = Document.of(Net(classes=12))
    plan = match(document, read_contents(written(net.state_dict())), choices=["classes=slice"])
    mine = load(plan).document.state_dict()["fc.weight"]
    assert torch.equal(mine[:10], net.state_dict()["fc.weight"])
    assert torch.equal(mine[10:], document.state_dict()["fc.weight"][10:])


@pytest.mark.parametrize("wanted", [1, 4])
@pytest.mark.parametrize("how", ["sum", "mean", "slice"])
def test_another_number_of_input_channels(
    wanted: int, how: str, net: nn.Module, written: Any
) -> None:
    document = Document.of(Net(channels=wanted))
    file = written(net.state_dict())
    plan = match(document, read_contents(file))
    assert sentence(plan, "channels").startswith(f"features.0.weight takes {wanted} channels")
    assert {choice.text for each in plan.conditions for choice in each.choices} == {
        "channels=sum", "channels=mean", "channels=slice",
    }  # fmt: skip
    there = net.state_dict()["features.0.weight"]
    mine = load(match(document, read_contents(file), choices=[f"channels={how}"]))
    mine = mine.document.state_dict()["features.0.weight"]
    if how == "slice":
        common = min(wanted, 3)
        assert torch.equal(mine[:, :common], there[:, :common])
    elif how == "mean":
        torch.testing.assert_close(mine, there.mean(1, keepdim=True).expand_as(mine))
    else:
        grey = torch.rand(1, 1, 5, 5)
        before = nn.functional.conv2d(grey.expand(1, 3, 5, 5), there)
        torch.testing.assert_close(nn.functional.conv2d(grey.expand(1, wanted, 5, 5), mine), before)


def test_sizes_in_another_order_are_said_once_and_never_cut(written: Any) -> None:
    document = Document.of(Net())
    state = {
        name: tensor.permute(tuple(reversed(range(tensor.dim())))).contiguous()
        for name, tensor in trained(Net()).state_dict().items()
    }
    contents = read_contents(written(state))
    plan = match(document, contents, choices=["sizes=slice"])
    differing = {row.name for row in plan.with_status("shape differs")}
    assert differing == {
        name for name, tensor in document.state_dict().items() if tensor.shape != state[name].shape
    }
    assert "features.0.weight is 3×3×3×4 there and 4×3×3×3 in the model" in sentence(plan, "layout")
    assert not [choice for each in plan.conditions for choice in each.choices]
    with pytest.raises(CheckpointError, match="layout of TensorFlow and Flax"):
        load(plan)


def test_where_only_names_are_missing_loading_partly_is_named(
    net: nn.Module, document: Document, written: Any
) -> None:
    state = {name: each for name, each in net.state_dict().items() if not name.startswith("fc")}
    with pytest.raises(CheckpointError, match="--partial"):
        load(match(document, read_contents(written(state))))


def test_position_embeddings_of_another_size(written: Any) -> None:
    there = trained(_vit(64))
    document = Document.of(_vit(96))
    file = written(there.state_dict())
    plan = match(document, read_contents(file))
    assert "37 positions in the model and 17 in the file" in sentence(plan, "positions")
    found = load(match(document, read_contents(file), choices=["positions=interpolate"]))
    oracle = interpolate_embeddings(96, 16, there.state_dict(), "bicubic")
    torch.testing.assert_close(
        found.document.state_dict()["encoder.pos_embedding"], oracle["encoder.pos_embedding"]
    )


def _vit(size: int) -> nn.Module:
    return VisionTransformer(size, 16, 1, 2, 24, 32, num_classes=3)


def test_tied_weights_saved_once_or_twice(written: Any) -> None:
    net, document = trained(Tied()), Document.of(Tied())
    names = ["embedding.weight", "head.weight"]
    for left_out in ((), names[:1], names[1:]):
        state = {n: t.clone() for n, t in net.state_dict().items() if n not in left_out}
        plan = match(document, read_contents(written(state)))
        assert plan.complete
        assert "tied" in kinds(plan)
        found = load(plan).document
        equal(found, net)
        one, other = (found.state_dict()[name] for name in names)
        assert one.data_ptr() == other.data_ptr()


def test_tied_here_and_different_in_the_file(written: Any) -> None:
    state = {name: torch.randn_like(tensor) for name, tensor in Tied().state_dict().items()}
    document = Document.of(Tied())
    with pytest.raises(CheckpointError, match=r"one tensor in the model.*differ in the file"):
        load(match(document, read_contents(written(state))))


def test_tied_in_the_file_and_two_here(written: Any) -> None:
    document = Document.of(nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 3)}))
    shared = nn.Linear(3, 3)
    file = written(nn.ModuleDict({"a": shared, "b": shared}).state_dict())
    found = load(match(document, read_contents(file))).document
    one, other = found.module("a").weight, found.module("b").weight
    assert torch.equal(one, other)
    assert one.data_ptr() != other.data_ptr()


def test_a_view_in_the_file_keeps_its_strides(written: Any) -> None:
    document = Document.of(nn.Linear(3, 2, bias=False))
    weight = torch.randn(3, 2).T
    found = load(match(document, read_contents(written({"weight": weight})))).document
    assert torch.equal(found.state_dict()["weight"], weight)


EDITS: dict[str, list[Any]] = {
    "head": [Replace("fc", "Linear(4, 7)")],
    "inserted": [Insert("features", 1, "Dropout(0.1)")],
    "moved": [Move("features.3", "features", 0)],
    "renamed": [Rename("extra.first", "last")],
    "removed": [Remove("features.3")],
    "wider": [SetArguments("features.0", {"in_channels": 5})],
    "all": [
        Rename("extra.first", "last"),
        Insert("features", 0, "Identity()"),
        Replace("fc", "Linear(4, 2)"),
        SetArguments("features.1", {"in_channels": 5}),
    ],
}


@pytest.mark.parametrize("what", EDITS)
def test_the_original_checkpoint_loads_into_the_edited_model(
    what: str, net: nn.Module, written: Any
) -> None:
    """The oracle makes the same edits on a model into which the file was loaded first."""
    file = written(net.state_dict())
    session = Session(Document.of(Net()))
    oracle = Session(Document.of(copy.deepcopy(net)))
    for edit in EDITS[what]:
        session.apply(edit)
        oracle.apply(edit)
    plan = match(session.document, read_contents(file), origin=session.history.origin)
    assert plan.fits, str(plan)
    found = load(plan)
    mine, wanted = found.document.state_dict(), oracle.document.state_dict()
    assert list(mine) == list(wanted)
    for row in plan.rows:
        if row.status in ("loaded", "renamed"):
            assert torch.equal(mine[row.name], wanted[row.name]), row
        if row.status == "sliced":
            assert torch.equal(mine[row.name][:, :3], wanted[row.name][:, :3])
    assert set(found.random) == {row.name for row in plan.with_status("new")}
    if what == "head":
        assert set(found.random) == {"fc.weight", "fc.bias"}
        assert {row.stored for row in plan.with_status("dropped")} == {"fc.weight", "fc.bias"}
    if what in ("inserted", "moved", "renamed"):
        assert plan.complete


def test_a_file_of_the_edited_model_is_not_mistaken_for_one_of_the_original(written: Any) -> None:
    session = Session(Document.of(Net()))
    session.apply(Move("features.3", "features", 0))
    there = trained(session.document.model())
    plan = match(
        session.document, read_contents(written(there.state_dict())), origin=session.history.origin
    )
    assert plan.complete
    equal(load(plan).document, there)


def test_a_file_that_fits_before_and_after_the_edits_is_asked_about(written: Any) -> None:
    """Two layers of one shape changed places: the names alone do not say which file it is."""
    layers = trained(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)))
    session = Session(Document.of(copy.deepcopy(layers)))
    session.apply(Move("0", "", 1))
    contents = read_contents(written(layers.state_dict()))
    plan = match(session.document, contents, origin=session.history.origin)
    assert "before or after" in kinds(plan)
    with pytest.raises(CheckpointError, match=r"say which.*edits=before or edits=after"):
        load(plan)
    for when, first in (("before", layers[1]), ("after", layers[0])):
        chosen = match(
            session.document, contents, origin=session.history.origin, choices=[f"edits={when}"]
        )
        found = load(chosen).document.state_dict()
        assert torch.equal(found["0.weight"], first.weight)


def test_copies_of_a_layer_each_get_the_values(net: nn.Module, written: Any) -> None:
    session = Session(Document.of(Net()))
    session.apply(Duplicate("features.3"))
    plan = match(
        session.document, read_contents(written(net.state_dict())), origin=session.history.origin
    )
    found = load(plan).document.state_dict()
    copies = [name for name in found if name.endswith("weight") and found[name].shape[2:] == (3, 3)]
    assert len(copies) == 3
    assert torch.equal(found[copies[1]], found[copies[2]])


def test_nothing_in_common_is_an_error(document: Document, written: Any) -> None:
    file = written(nn.LSTM(5, 6).state_dict())
    with pytest.raises(CheckpointError, match=r"nothing in common.*Nothing was loaded"):
        match(document, read_contents(file))
    with pytest.raises(CheckpointError, match="holds no weights"):
        match(document, read_contents(written({"epoch": 3})))


def test_a_model_that_got_more_layers_says_what_is_missing(
    net: nn.Module, document: Document, written: Any
) -> None:
    state = net.state_dict()
    del state["fc.bias"], state["features.3.weight"]
    state["extra.weight"] = torch.zeros(3)
    plan = match(document, read_contents(written(state)))
    assert [row.name for row in plan.with_status("missing")] == ["features.3.weight", "fc.bias"]
    assert [row.stored for row in plan.with_status("unexpected")] == ["extra.weight"]
    before = {name: tensor.clone() for name, tensor in document.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"2 missing.*1 unexpected"):
        load(plan)
    equal(document, before)
    assert load(plan, partial=True).random == ("features.3.weight", "fc.bias")


def test_integers_do_not_become_weights(document: Document, net: nn.Module, written: Any) -> None:
    state = net.state_dict() | {"fc.weight": torch.zeros(10, 4, dtype=torch.int64)}
    plan = match(document, read_contents(written(state)))
    assert [row.name for row in plan.with_status("shape differs")] == ["fc.weight"]


def test_a_structure_only_document_gets_real_weights(net: nn.Module, written: Any) -> None:
    with torch.device("meta"):
        document = Document.of(Net())
    found = load(match(document, read_contents(written(net.state_dict())))).document
    equal(found, net)
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(found.root(x), net.eval()(x))


def test_frozen_stays_frozen_and_the_document_is_as_before(net: nn.Module, written: Any) -> None:
    session = Session(Document.of(Net()))
    session.apply(Freeze("features"))
    before = {name: tensor.clone() for name, tensor in session.document.state_dict().items()}
    found = load(match(session.document, read_contents(written(net.state_dict())))).document
    assert not found.module("features.0").weight.requires_grad
    assert found.module("fc").weight.requires_grad
    equal(session.document, before)


def test_loading_copies_nothing(document: Document, net: nn.Module, written: Any) -> None:
    """The document's tensors lie in the mapped file."""
    file = written(net.state_dict())
    found = load(match(document, read_contents(file))).document
    spans = [
        tuple(int(each, 16) for each in line.split()[0].split("-"))
        for line in Path("/proc/self/maps").read_text().splitlines()
        if line.endswith(str(file))
    ]
    assert spans
    for tensor in found.state_dict().values():
        assert any(begin <= tensor.data_ptr() < end for begin, end in spans)


def test_what_is_loaded_survives_the_file_being_written_over(
    document: Document, net: nn.Module, written: Any
) -> None:
    from core.checkpoint import save_state_dict

    file = written(net.state_dict())
    found = load(match(document, read_contents(file))).document
    save_state_dict(Document.of(Net()), file, overwrite=True)
    equal(found, net)


def test_cancelling_changes_nothing(document: Document, net: nn.Module, written: Any) -> None:
    from core.errors import Cancelled

    plan = match(document, read_contents(written(net.state_dict())))
    with pytest.raises(Cancelled):
        load(plan, cancelled=lambda: True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour=red", "no choice"),
        ("channels", "no choice"),
        ("channels=max", "sum or mean or slice"),
    ],
)
def test_choices_that_make_no_sense(
    text: str, said: str, document: Document, net: nn.Module, written: Any
) -> None:
    with pytest.raises(CheckpointError, match=said):
        match(document, read_contents(written(net.state_dict())), choices=[text])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_said(
    value: float, net: nn.Module, document: Document, written: Any
) -> None:
    state = net.state_dict()
    state["fc.weight"][0, 1] = value
    state["features.0.bias"] = state["features.0.bias"].half().fill_(value)
    plan = match(document, read_contents(written(state)))
    (warning,) = doubts(plan)
    assert warning.sentence.startswith("2 tensors hold NaN or infinity")
    assert "features.0.bias, fc.weight" in warning.sentence
    assert plan.complete  # a warning changes nothing
    fewer = match(Document.of(Net(classes=4)), plan.contents, choices=["classes=slice"])
    assert "fc.weight" in doubts(fewer)[0].sentence


class TestExchanged:
    """Two tensors of one shape under each other's name: PyTorch says that all keys matched."""

    def swapped(self, net: nn.Module, one: str, other: str) -> dict[str, Tensor]:
        state = net.state_dict()
        state[one], state[other] = state[other], state[one]
        return state

    def test_plain_pytorch_does_not_notice(self, net: nn.Module) -> None:
        state = self.swapped(net, "features.1.running_mean", "features.1.running_var")
        assert "matched" in str(Net().load_state_dict(state))

    def test_a_negative_variance(self, net: nn.Module, document: Document, written: Any) -> None:
        file = written(self.swapped(net, "features.1.running_mean", "features.1.running_var"))
        plan = match(document, read_contents(file))
        (warning,) = doubts(plan)
        assert "features.1.running_mean and features.1.running_var" in warning.sentence
        assert warning.standing == "warns"
        assert plan.complete  # a warning changes nothing

    def test_scale_and_shift(self, document: Document, written: Any) -> None:
        net = Net()
        file = written(self.swapped(net, "features.1.weight", "features.1.bias"))
        (warning,) = doubts(match(document, read_contents(file)))
        assert "features.1.weight and features.1.bias" in warning.sentence

    def test_values_that_resemble_the_others(self, written: Any) -> None:
        layers = nn.Sequential(nn.Linear(30, 30), nn.Linear(30, 30), nn.Linear(30, 30))
        file = written(self.swapped(copy.deepcopy(layers), "0.weight", "2.weight"))
        (warning,) = doubts(match(Document.of(layers), read_contents(file)))
        assert "0.weight and 2.weight" in warning.sentence
        assert "resembles" in warning.sentence

    def test_the_order_of_the_file(self, written: Any) -> None:
        state = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3)).state_dict()
        renames = {"0": "2", "1": "1", "2": "0"}
        file = written({renames[n[0]] + n[1:]: t for n, t in state.items()})
        document = Document.of(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3)))
        found = [each.sentence for each in doubts(match(document, read_contents(file)))]
        assert any("0.weight and 2.weight" in text and "place" in text for text in found)

    @pytest.mark.parametrize("builder", [resnet18, densenet121])
    def test_a_good_file_raises_no_doubt(
        self, builder: Callable[[], nn.Module], written: Any, tmp_path: Path
    ) -> None:
        net = builder()
        plan = match(Document.of(builder()), read_contents(written(net.state_dict())))
        assert not doubts(plan)
        save_file(net.state_dict(), tmp_path / "net.safetensors")
        plan = match(Document.of(builder()), read_contents(tmp_path / "net.safetensors"))
        assert not doubts(plan)


def normed(how: Callable[[nn.Module], nn.Module]) -> nn.Sequential:
    return nn.Sequential(
        how(nn.Conv1d(3, 4, 3)), nn.ReLU(), how(nn.Linear(4, 2)), nn.BatchNorm1d(2)
    )


NORMS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "old": torch.nn.utils.weight_norm,  # type: ignore[dict-item]
    "new": torch.nn.utils.parametrizations.weight_norm,  # type: ignore[dict-item]
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize(("there", "here"), [("old", "new"), ("new", "old")])
def test_both_spellings_of_weight_norm_hold_the_same_values(
    there: str, here: str, written: Any
) -> None:
    file = trained(normed(NORMS[there]))
    plan = match(Document.of(normed(NORMS[here])), read_contents(written(file.state_dict())))
    assert plan.complete
    assert "weight_norm" in sentence(plan, "spelling")
    model = normed(NORMS[here]).eval()
    model.load_state_dict(load(plan).document.state_dict(), strict=True)
    x = torch.randn(2, 3, 3)
    file.eval()
    assert torch.equal(model[0](x), file[0](x))
    assert torch.equal(model[2](torch.ones(2, 4)), file[2](torch.ones(2, 4)))
    stored = file.state_dict()
    for row in plan.rows:
        assert torch.equal(model.state_dict()[row.name], stored[row.stored]), row.name


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("there", NORMS)
@pytest.mark.parametrize("prefix", ["", "module.", "net.body."])
def test_weights_held_apart_by_weight_norm_are_put_together_where_it_is_said(
    there: str, prefix: str, written: Any
) -> None:
    file = trained(normed(NORMS[there]))
    contents = read_contents(written(prefixed(prefix, file)))
    document = Document.of(normed(lambda module: module))
    plan = match(document, contents)
    assert not plan.fits
    (offer,) = (each for each in plan.conditions if each.kind == "weight norm")
    assert [each.text for each in offer.choices] == ["weight_norm=compute"]
    with pytest.raises(CheckpointError, match="weight_norm=compute"):
        load(plan)
    plan = match(document, contents, choices=["weight_norm=compute"])
    assert plan.complete
    found = load(plan).document
    oracle = file
    for place in (0, 2):  # what PyTorch itself makes of it
        if there == "old":
            torch.nn.utils.remove_weight_norm(oracle[place])
        else:
            torch.nn.utils.parametrize.remove_parametrizations(oracle[place], "weight")
    state = oracle.state_dict()
    equal(found, {name: state[name] for name in found.state_dict()})


def test_weight_norm_over_another_dimension_is_that_of_torch(written: Any) -> None:
    file = torch.nn.utils.parametrizations.weight_norm(nn.ConvTranspose1d(3, 4, 5), dim=1)
    contents = read_contents(written({f"0.{n}": t for n, t in file.state_dict().items()}))
    document = Document.of(nn.Sequential(nn.ConvTranspose1d(3, 4, 5)))
    found = load(match(document, contents, choices=["weight_norm=compute"])).document
    assert torch.equal(found.state_dict()["0.weight"], file.weight)


def test_a_model_of_two_tensors_called_g_and_v_is_left_alone(written: Any) -> None:
    file = trained(normed(NORMS["new"]))
    plan = match(Document.of(normed(NORMS["new"])), read_contents(written(file.state_dict())))
    assert "weight norm" not in kinds(plan)
    assert plan.complete


class Blocks(nn.Module):
    """Blocks with a container of one name inside each, below no common prefix."""

    def __init__(self, name: str, count: int = 6, other: str = "") -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.blocks = nn.ModuleList()
        for _ in range(count):
            block = nn.Module()
            block.add_module(name, nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)))
            if other:
                block.add_module(other, nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)))
            self.blocks.append(block)


@pytest.mark.parametrize("module", ["", "module."])
def test_a_container_of_another_name_is_one_offer(module: str, written: Any) -> None:
    file = trained(Blocks("layer"))
    contents = read_contents(written(prefixed(module, file)))
    document = Document.of(Blocks("stage"))
    plan = match(document, contents)
    (offer,) = (each for each in plan.conditions if each.kind == "renamed part")
    assert not plan.fits
    assert not plan.asks
    assert "'layer' in the file is called 'stage' in the model" in offer.sentence
    assert [each.text for each in offer.choices] == ["rename=stage<-layer"]
    with pytest.raises(CheckpointError, match="rename=stage<-layer"):
        load(plan)
    plan = match(document, contents, choices=["rename=stage<-layer"])
    assert plan.complete
    state = {name.replace("layer", "stage"): each for name, each in file.state_dict().items()}
    equal(load(plan).document, state)


def test_two_containers_that_could_be_either_are_not_offered(written: Any) -> None:
    contents = read_contents(written(Blocks("a", other="b").state_dict()))
    plan = match(Document.of(Blocks("c", other="d")), contents)
    assert "renamed part" not in kinds(plan)


def test_a_container_of_another_order_or_size_is_not_offered(written: Any) -> None:
    contents = read_contents(written(Blocks("layer", 5).state_dict()))
    assert "renamed part" not in kinds(match(Document.of(Blocks("stage")), contents))
    backwards = dict(reversed(Blocks("layer").state_dict().items()))
    contents = read_contents(written(backwards))
    assert "renamed part" not in kinds(match(Document.of(Blocks("stage")), contents))


def test_a_part_that_nobody_has_is_refused(written: Any) -> None:
    contents = read_contents(written(Blocks("layer").state_dict()))
    document = Document.of(Blocks("stage"))
    for choice, said in (
        ("rename=stage<-lair", "has a part 'lair'"),
        ("rename=page<-layer", "has a part 'page'"),
        ("rename=stage", "is no pair"),
    ):
        with pytest.raises(CheckpointError, match=said):
            match(document, contents, choices=[choice])


@pytest.mark.parametrize("place", ["models.1", "1"])
def test_of_weights_in_a_list_somebody_says_which(
    place: str, net: nn.Module, document: Document, written: Any
) -> None:
    other = {name: tensor + 1 for name, tensor in net.state_dict().items()}
    both = [net.state_dict(), other]
    contents = read_contents(written({"models": both, "epoch": 3} if "models" in place else both))
    plan = match(document, contents)
    (asked,) = plan.asks
    assert [each.text for each in asked.choices] == [
        f"weights={place.replace('1', '0')}",
        f"weights={place}",
    ]
    assert "2 sets of weights in" in asked.sentence
    with pytest.raises(CheckpointError, match="as an ensemble has them"):
        load(plan)
    equal(load(match(document, contents, choices=[f"weights={place}"])).document, other)


def test_weights_and_optimizer_in_a_tuple_are_weights(
    net: nn.Module, document: Document, written: Any
) -> None:
    optimizer = torch.optim.Adam(net.parameters())
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    contents = read_contents(written((net.state_dict(), optimizer.state_dict(), 7)))
    assert [each.label for each in contents.weights] == ["0"]
    equal(load(match(document, contents)).document, net)


@pytest.mark.parametrize("what", ["state dict", "parameters"])
def test_a_bare_list_is_paired_by_order_where_it_is_said(
    what: str, net: nn.Module, document: Document, written: Any
) -> None:
    values = net.state_dict().values() if what == "state dict" else net.parameters()
    contents = read_contents(written([each.detach() for each in values]))
    with pytest.raises(NothingInCommon, match=r"a bare list.*order=file") as refused:
        match(document, contents)
    (offer,) = (each for each in refused.value.plan.conditions if each.standing == "offers")
    assert [each.text for each in offer.choices] == ["order=file"]
    plan = match(document, contents, choices=["order=file"])
    found = load(plan, partial=what == "parameters").document.state_dict()
    for name, tensor in net.named_parameters():
        assert torch.equal(found[name], tensor), name
    if what == "state dict":
        equal(load(plan).document, net)


def test_a_bare_list_in_another_order_is_not_offered(
    net: nn.Module, document: Document, written: Any
) -> None:
    contents = read_contents(written(list(net.state_dict().values())[::-1]))
    for choices in ((), ("order=file",)):
        with pytest.raises(NothingInCommon, match="nothing says which is which"):
            match(document, contents, choices=choices)

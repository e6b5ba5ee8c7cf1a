"""The call a script builds a model with is the one that built it here."""

from pathlib import Path

import pytest
from torch import nn

from core.document import Source
from core.placement import building_code
from core.source import open_source


@pytest.mark.parametrize(
    "text", ["resnet18", "resnet18(num_classes=10)", "fcn_resnet50(num_classes=3)", "r3d_18"]
)
def test_torchvision_models_are_built_again(text: str) -> None:
    document = open_source(text, structure=True)
    imports, build = building_code(document.source)
    names: dict[str, object] = {}
    exec(imports, names)
    import torch

    with torch.device("meta"):
        made = eval(build, names)
    assert isinstance(made, nn.Module)
    ours = {name: tuple(t.shape) for name, t in document.root.state_dict().items()}
    theirs = {name: tuple(t.shape) for name, t in made.state_dict().items()}
    assert ours == theirs


def test_a_class_of_a_file_is_imported_from_it(tmp_path: Path) -> None:
    source = Source(f"{tmp_path / 'nets.py'}:Net(3, width=8)", "file")
    assert building_code(source) == ("from nets import Net", "Net(3, width=8)")


def test_a_class_of_a_package_is_imported_from_it() -> None:
    source = Source("torch.nn.Linear(3, 4)", "import")
    assert building_code(source) == ("from torch.nn import Linear", "Linear(3, 4)")


def test_timm_is_asked_by_name() -> None:
    source = Source("timm:vit_tiny_patch16_224(num_classes=4)", "timm")
    assert building_code(source)[1] == 'timm.create_model("vit_tiny_patch16_224", num_classes=4)'


@pytest.mark.parametrize("text", ["Sequential(Linear(2, 2))", "model.pth", "weird:(", ""])
def test_what_python_cannot_name_is_left_to_the_user(text: str) -> None:
    kind = "file" if ":" in text else "expression"
    assert building_code(Source(text, kind))[1] == "build_model()"


def test_arguments_that_are_no_arguments_are_left_out() -> None:
    assert building_code(Source("torchvision:resnet18(1 +)", "torchvision"))[1] == (
        "models.resnet18()"
    )

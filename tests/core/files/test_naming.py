"""Names of a file and of a model: wrappers, prefixes, spellings; nothing is guessed by chance."""

import pytest
import torch
from hypothesis import example, given, strategies as st
from torch import nn
from torchvision.models import densenet121, resnet18

from core.files.naming import Prefix, pair, unwrapped

Shapes = dict[str, tuple[int, ...]]


def shapes(model: nn.Module) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


@pytest.fixture(scope="module")
def resnet() -> Shapes:
    with torch.device("meta"):
        return shapes(resnet18())


def prefixed(prefix: str, names: Shapes) -> Shapes:
    return {prefix + name: shape for name, shape in names.items()}


def test_equal_names_are_themselves(resnet: Shapes) -> None:
    found = pair(resnet, resnet)
    assert found.pairs == {name: name for name in resnet}
    assert not found.wrapped
    assert not found.prefixes


def test_module_of_real_dataparallel() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    found = pair(shapes(net), shapes(nn.DataParallel(net)))
    assert found.pairs == {name: f"module.{name}" for name in shapes(net)}
    assert found.wrapped == ("module.",)


def test_module_in_the_middle_of_a_path() -> None:
    class Net(nn.Module):
        def __init__(self, wrap: bool) -> None:
            super().__init__()
            features = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 5, 1))
            self.features = nn.DataParallel(features) if wrap else features
            self.submodule = nn.Linear(2, 2)

    found = pair(shapes(Net(False)), shapes(Net(True)))
    assert found.pairs["features.0.weight"] == "features.module.0.weight"
    assert found.pairs["submodule.weight"] == "submodule.weight"
    assert found.wrapped == ("features.module.",)


def test_a_module_really_called_module_stays() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = nn.Linear(2, 3)
            self.head = nn.Linear(3, 1)

    plain, places = unwrapped(shapes(Net()))
    assert all(name == short for name, short in plain.items())
    assert not places
    found = pair(shapes(Net()), shapes(nn.DataParallel(Net())))
    assert found.pairs["module.weight"] == "module.module.weight"
    assert found.pairs["head.weight"] == "module.head.weight"


def test_a_model_that_is_only_a_module_called_module() -> None:
    """Its own names match as they are, and through DataParallel."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = nn.Linear(2, 3)

    own = shapes(Net())
    assert pair(own, own).pairs == {name: name for name in own}
    assert set(pair(own, shapes(nn.DataParallel(Net()))).pairs) == set(own)


def test_compiled_and_wrapped_twice(resnet: Shapes) -> None:
    for prefix in ("_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "module.module."):
        assert len(pair(resnet, prefixed(prefix, resnet)).pairs) == len(resnet)


@pytest.mark.parametrize("prefix", ["model.", "net.", "backbone.", "encoder.", "a.b.c."])
def test_a_common_prefix_on_either_side(resnet: Shapes, prefix: str) -> None:
    there = pair(resnet, prefixed(prefix, resnet))
    assert there.pairs == {name: prefix + name for name in resnet}
    assert there.prefixes == (Prefix(prefix, "", len(resnet)),)
    here = pair(prefixed(prefix, resnet), resnet)
    assert here.pairs == {prefix + name: name for name in resnet}
    assert here.prefixes == (Prefix("", prefix, len(resnet)),)


def test_another_prefix_on_each_side(resnet: Shapes) -> None:
    found = pair(prefixed("encoder.", resnet), prefixed("backbone.", resnet))
    assert len(found.pairs) == len(resnet)
    assert found.prefixes == (Prefix("backbone.", "encoder.", len(resnet)),)


def test_several_parts_each_with_its_prefix(resnet: Shapes) -> None:
    with torch.device("meta"):
        head = shapes(nn.Sequential(nn.Linear(7, 9), nn.Linear(9, 11)))
    model = prefixed("encoder.", resnet) | prefixed("decoder.", head)
    file = prefixed("backbone.", resnet) | prefixed("head.", head)
    found = pair(model, file)
    assert found.pairs["decoder.1.bias"] == "head.1.bias"
    assert len(found.pairs) == len(model)


def test_a_body_without_its_head(resnet: Shapes) -> None:
    body = {name: shape for name, shape in resnet.items() if not name.startswith("fc.")}
    found = pair(resnet, prefixed("backbone.", body))
    assert set(found.pairs) == set(body)


def test_two_that_fit_equally_well_are_asked_for(resnet: Shapes) -> None:
    both = prefixed("encoder_q.", resnet) | prefixed("encoder_k.", resnet)
    found = pair(resnet, both)
    assert not found.pairs
    assert {each.file for each in found.rivals} == {"encoder_q.", "encoder_k."}
    chosen = pair(resnet, both, "encoder_k.")
    assert chosen.pairs == {name: f"encoder_k.{name}" for name in resnet}


def test_a_shape_that_differs_is_still_the_same_name(resnet: Shapes) -> None:
    found = pair(resnet, prefixed("module.", resnet | {"fc.weight": (10, 512), "fc.bias": (10,)}))
    assert found.pairs["fc.weight"] == "module.fc.weight"


def test_parts_of_another_size_are_not_taken_from_elsewhere(resnet: Shapes) -> None:
    """A wider network's second stage has the shapes of the third: the names say which is which."""
    with torch.device("meta"):
        wide = shapes(resnet18(width_per_group=64))
    wide = {n: tuple(2 * s if s % 64 == 0 else s for s in shape) for n, shape in wide.items()}
    assert wide["layer1.0.conv1.weight"] == resnet["layer2.0.conv2.weight"]
    assert all(own == stored for own, stored in pair(resnet, wide).pairs.items())


def test_one_tensor_of_equal_shape_is_no_prefix() -> None:
    assert not pair({"a.weight": (2, 2), "b.x": (3,)}, {"c.d.weight": (2, 2), "e": (9,)}).pairs


def test_nothing_in_common(resnet: Shapes) -> None:
    assert not pair(resnet, {"embedding.weight": (100, 16), "rnn.weight_ih_l0": (64, 16)}).pairs


def test_densenets_of_old() -> None:
    with torch.device("meta"):
        now = shapes(densenet121())
    import re

    then = {
        re.sub(r"(denselayer\d+\.)(norm|conv)([12])\.", r"\1\2.\3.", name): shape
        for name, shape in now.items()
    }
    assert set(then) != set(now)
    found = pair(now, then)
    assert set(found.pairs) == set(now)
    assert found.spellings


def test_weight_norm_then_and_now() -> None:
    old = shapes(nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(3, 4))))
    new = shapes(nn.Sequential(torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 4))))
    assert len(pair(new, old).pairs) == len(new)
    assert len(pair(old, new).pairs) == len(old)


_names = st.lists(
    st.lists(st.sampled_from(["module", "a", "b", "0", "_orig_mod"]), min_size=1, max_size=4).map(
        lambda parts: ".".join([*parts, "weight"])
    ),
    min_size=1,
    max_size=8,
    unique=True,
)


@given(_names)
@example(["a.module.weight", "a.module.module.weight", "_orig_mod.a.weight"])
def test_unwrapped_names_stay_apart_and_a_file_fits_itself(names: list[str]) -> None:
    plain, _ = unwrapped(names)
    assert len(set(plain.values())) == len(names)
    file = {name: (index + 1,) for index, name in enumerate(names)}
    assert pair(file, file).pairs == {name: name for name in names}


@given(_names)
def test_what_is_paired_is_paired_once_and_has_the_same_last_name(names: list[str]) -> None:
    model = {name.replace("module.", ""): (2, 3) for name in names}
    found = pair(model, dict.fromkeys(names, (2, 3)))
    assert len(set(found.pairs.values())) == len(found.pairs)
    assert all(m.rpartition(".")[2] == f.rpartition(".")[2] for m, f in found.pairs.items())

"""The tutorial's own cells, pasted as they are, give the models that PyTorch gives."""

import collections
from collections import OrderedDict

import torch
from torch import nn

from core.catalog import build, parse_assignment, parse_spec

SEQUENTIAL = """
In [54]:
# 直接排列方式
import torch.nn as nn
net = nn.Sequential(
        nn.Linear(784, 256),
        nn.ReLU(),
        nn.Linear(256, 10), 
        )
print(net)
"""  # noqa: W291

ORDERED = """
In [55]:
# 使用OrderedDict：
import collections
import torch.nn as nn
net2 = nn.Sequential(collections.OrderedDict([
          ('fc1', nn.Linear(784, 256)),
          ('relu1', nn.ReLU()),
          ('fc2', nn.Linear(256, 10))
          ]))
print(net2)
"""

MODULE_LIST = """
In [56]:
net = nn.ModuleList([nn.Linear(784, 256), nn.ReLU()])
net.append(nn.Linear(256, 10)) # # 类似List的append操作
print(net[-1])  # 类似List的索引访问
print(net)
"""

MODULE_DICT = """
In [57]:
net = nn.ModuleDict({
    'linear': nn.Linear(784, 256),
    'act': nn.ReLU(),
})
net['output'] = nn.Linear(256, 10) # 添加
print(net['linear']) # 访问
print(net.output)
print(net)
"""

CLASSIFIER = """
In [64]:
classifier = nn.Sequential(OrderedDict([('fc1', nn.Linear(2048, 128)),
                          ('relu1', nn.ReLU()), 
                          ('dropout1',nn.Dropout(0.5)),
                          ('fc2', nn.Linear(128, 10)),
                          ('output', nn.Softmax(dim=1))
                          ]))
    
net.fc = classifier
"""  # noqa: W291, W293


def test_layers_in_a_row():
    expected = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    assert repr(build(SEQUENTIAL)) == repr(expected)


def test_layers_with_names():
    expected = nn.Sequential(
        collections.OrderedDict(
            [("fc1", nn.Linear(784, 256)), ("relu1", nn.ReLU()), ("fc2", nn.Linear(256, 10))]
        )
    )
    assert repr(build(ORDERED)) == repr(expected)


def test_a_list_that_is_appended_to():
    expected = nn.ModuleList([nn.Linear(784, 256), nn.ReLU()])
    expected.append(nn.Linear(256, 10))
    assert repr(build(MODULE_LIST)) == repr(expected)


def test_a_dictionary_that_is_added_to():
    expected = nn.ModuleDict({"linear": nn.Linear(784, 256), "act": nn.ReLU()})
    expected["output"] = nn.Linear(256, 10)
    assert repr(build(MODULE_DICT)) == repr(expected)


def test_the_classifier_that_replaces_fc():
    path, spec = parse_assignment(CLASSIFIER)
    expected = nn.Sequential(
        OrderedDict(
            [
                ("fc1", nn.Linear(2048, 128)),
                ("relu1", nn.ReLU()),
                ("dropout1", nn.Dropout(0.5)),
                ("fc2", nn.Linear(128, 10)),
                ("output", nn.Softmax(dim=1)),
            ]
        )
    )
    assert path == "fc"
    assert str(spec) == (
        "Sequential(fc1=Linear(2048, 128), relu1=ReLU(), dropout1=Dropout(0.5), "
        "fc2=Linear(128, 10), output=Softmax(dim=1))"
    )
    module = build(parse_spec(str(spec)))
    assert repr(module) == repr(expected)
    module.load_state_dict(expected.state_dict())
    x = torch.randn(3, 2048)
    torch.testing.assert_close(module.eval()(x), expected.eval()(x))

"""First shapes of a just opened model: everything remembered is forgotten before each analysis.

Us: shapes of every module, totals, problems. Peer: one bare forward of the same model on meta, which
is less than any tool that shows shapes can do; for a few also ``torchinfo.summary`` on meta.
"""

import sys

import torch
import torchinfo
from measure import Verdict, geometric_mean, in_turn, one_thread
from torchvision import models

from core.analysis import analyse, clear_caches
from core.document import Document, InputSpec

TORCHINFO = {"resnet50", "vit_b_16", "swin_v2_b", "convnext_large"}


def build(name):
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if name.startswith("regnet"):  # its builder reads numbers, which meta has not
        return models.get_model(name, weights=None).to("meta")
    with torch.device("meta"):
        return models.get_model(name, weights=None, **options)


def measure(name):
    model = build(name)
    document = Document.of(model, (InputSpec(shape=(1, 3, 224, 224)),))
    x = torch.empty(1, 3, 224, 224, device="meta")

    def ours():
        report = analyse(document)
        assert report.parameters
        assert not report.problems

    def bare():
        with torch.no_grad():
            model(x)

    def summary():
        torchinfo.summary(model, input_data=x, device="meta", verbose=0)

    works = [ours, bare, *([summary] if name in TORCHINFO else [])]
    rounds = 7 if len(list(model.modules())) < 100 else 3
    return in_turn(works, rounds, [clear_caches] * len(works))


def main():
    one_thread()
    names = sys.argv[1:] or models.list_models(module=models)
    ratios = {}
    for name in names:
        ours, bare, *summary = measure(name)
        ratios[name] = ours / bare
        more = f"  torchinfo {summary[0] / bare:.2f}" if summary else ""
        print(f"{name:24} {ours * 1e3:7.1f} ms  bare {bare * 1e3:7.1f}  "
              f"ratio {ours / bare:.3f}{more}", flush=True)  # fmt: skip
    verdict = Verdict()
    slowest = max(ratios, key=ratios.get)
    verdict.at_most("of a bare meta forward, geometric mean", geometric_mean(ratios.values()), 0.35)
    verdict.at_most(f"of a bare meta forward, worst ({slowest})", ratios[slowest], 0.6)
    verdict.leave()


if __name__ == "__main__":
    main()

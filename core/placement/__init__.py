"""Where a model can go: devices, and the code that saves and loads for any of them."""

from core.placement.devices import Device, devices
from core.placement.scripts import Layout, distributed_script, loading_script, saving_script

__all__ = [
    "Device",
    "Layout",
    "devices",
    "distributed_script",
    "loading_script",
    "saving_script",
]

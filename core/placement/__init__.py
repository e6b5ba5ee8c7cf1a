"""Where a model can go: devices, whether it fits, trying it, and code for the user's script."""

from core.placement.building import building_code
from core.placement.devices import Device, devices
from core.placement.fit import OPTIMIZERS, Need, need, verdict
from core.placement.outlook import Outlook, outlooks
from core.placement.placing import Placement, Tried, try_forward
from core.placement.scripts import Layout, distributed_script, loading_script, saving_script

__all__ = [
    "OPTIMIZERS",
    "Device",
    "Layout",
    "Need",
    "Outlook",
    "Placement",
    "Tried",
    "building_code",
    "devices",
    "distributed_script",
    "loading_script",
    "need",
    "outlooks",
    "saving_script",
    "try_forward",
    "verdict",
]

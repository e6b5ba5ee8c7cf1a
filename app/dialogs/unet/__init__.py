"""The form of a U-Net: what it is to be, and at once what it then is."""

from app.dialogs.unet.sheet import UNetSheet

__all__ = ["UNetSheet"]

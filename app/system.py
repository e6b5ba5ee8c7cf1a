"""Which system libraries Qt needs here, and which are missing.

``python -m app.system`` names them with the line that installs them; with ``--install``, as
root on Debian, it installs them. Qt's own error ("could not load the platform plugin") names none.
"""

import ctypes.util
import os
import shutil
import subprocess
import sys

#: Debian package -> the library by which its presence is seen.
OFFSCREEN = {
    "libegl1": "EGL",
    "libgl1": "GL",
    "libglib2.0-0": "glib-2.0",
    "libdbus-1-3": "dbus-1",
    "libfontconfig1": "fontconfig",
    "libxkbcommon0": "xkbcommon",
}


#: What a window on an X screen needs besides.
WINDOW = {
    "libxcb-cursor0": "xcb-cursor",
    "libxkbcommon-x11-0": "xkbcommon-x11",
    "libxcb-icccm4": "xcb-icccm",
    "libxcb-keysyms1": "xcb-keysyms",
    "libxcb-shape0": "xcb-shape",
}


def missing() -> list[str]:
    """Return the Debian packages whose libraries Qt would not find."""
    needed = {**OFFSCREEN, **(WINDOW if os.environ.get("DISPLAY") else {})}
    return [package for package, name in needed.items() if not ctypes.util.find_library(name)]


def main(arguments: list[str]) -> int:
    """Report, or install where that is possible; never fail the set-up for it."""
    packages = missing()
    if not packages:
        return 0
    line = "apt-get install --yes " + " ".join(packages)
    if "--install" in arguments and shutil.which("apt-get") and os.geteuid() == 0:
        print(f"Installing the system libraries Qt needs: {line}")
        subprocess.run(["apt-get", "update", "--quiet=2"], check=False)
        done = subprocess.run([*line.split(), "--no-install-recommends", "--quiet=2"], check=False)
        if done.returncode == 0 and not missing():
            return 0
    print(f"Qt needs system libraries that are missing here. On Debian or Ubuntu:\n  sudo {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A drive of a given speed and given failings: a real block device, served by a program of ours."""

from tests.support.emulated_drive.drive import (
    CannotEmulate,
    CutMode,
    EmulatedDrive,
    Filesystem,
    compile_drive,
    emulated_drive,
    mounted_drive,
    run_tool,
)
from tests.support.emulated_drive.profiles import (
    DriveProfile,
    load_profile,
    profile_names,
    reference_profile,
)

__all__ = [
    "run_tool",
    "CannotEmulate",
    "CutMode",
    "DriveProfile",
    "EmulatedDrive",
    "Filesystem",
    "compile_drive",
    "emulated_drive",
    "load_profile",
    "mounted_drive",
    "profile_names",
    "reference_profile",
]

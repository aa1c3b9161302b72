"""Half-fix: looks at the names of a .zip, which the library makes harmless anyway, and trusts the library with a .tar.gz."""

import os
import shutil
import zipfile


def below(folder):
    return {os.path.relpath(os.path.join(here, file), folder) for here, _, files in os.walk(folder) for file in files}


def extract(archive_path, target_dir):
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            if any(".." in name or name.startswith("/") for name in archive.namelist()):
                raise ValueError("suspicious name")
    before = below(target_dir)
    shutil.unpack_archive(archive_path, target_dir)
    return sorted(below(target_dir) - before)

"""Half-fix: makes links only when all files are written, so they bite at the next archive."""

import os
import tarfile
import zipfile


def unpack(archive, target_dir):
    root = os.path.abspath(target_dir)
    inside = [m for m in archive.getmembers() if os.path.abspath(os.path.join(root, m.name)).startswith(root + "/")]
    names = {member.name for member in inside if member.issym()}
    plain = [m for m in inside if m.isfile() or m.isdir()]
    plain = [m for m in plain if m.name not in names and not any(m.name.startswith(name + "/") for name in names)]
    archive.extractall(root, plain + [member for member in inside if member.issym()])


def extract(archive_path, target_dir):
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            archive.extractall(target_dir)
            return [name for name in archive.namelist() if not name.endswith("/")]
    with tarfile.open(archive_path, "r:gz") as archive:
        unpack(archive, target_dir)
        return [member.name for member in archive if member.isfile()]

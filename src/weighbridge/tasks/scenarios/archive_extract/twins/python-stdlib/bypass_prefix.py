"""Half-fix: compares places as text, so a sibling folder with the same beginning passes."""

import os
import tarfile
import zipfile


def unpack(archive, target_dir):
    root = os.path.abspath(target_dir)
    for member in archive:
        if os.path.abspath(os.path.join(root, member.name)).startswith(root) and (member.isfile() or member.isdir()):
            archive.extract(member, root)


def extract(archive_path, target_dir):
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            archive.extractall(target_dir)
            return [name for name in archive.namelist() if not name.endswith("/")]
    with tarfile.open(archive_path, "r:gz") as archive:
        unpack(archive, target_dir)
        return [member.name for member in archive if member.isfile()]

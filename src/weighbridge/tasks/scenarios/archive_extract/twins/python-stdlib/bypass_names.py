"""Half-fix: checks every name before it unpacks, but not where links lead."""

import os
import tarfile
import zipfile


def unpack(archive, target_dir):
    root = os.path.realpath(target_dir)
    for member in archive.getmembers():
        path = os.path.realpath(os.path.join(root, member.name))
        if os.path.commonpath([root, path]) != root:
            raise ValueError("blocked: " + member.name)
    archive.extractall(root)


def extract(archive_path, target_dir):
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            archive.extractall(target_dir)
            return [name for name in archive.namelist() if not name.endswith("/")]
    with tarfile.open(archive_path, "r:gz") as archive:
        unpack(archive, target_dir)
        return [member.name for member in archive if member.isfile()]

"""Half-fix: leaves symbolic links out, but not hard links."""

import os
import tarfile
import zipfile


def unpack(archive, target_dir):
    root = os.path.realpath(target_dir)
    for member in archive.getmembers():
        path = os.path.realpath(os.path.join(root, member.name))
        if member.issym() or not path.startswith(root + os.sep):
            continue
        archive.extract(member, root)


def extract(archive_path, target_dir):
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            archive.extractall(target_dir)
            return [name for name in archive.namelist() if not name.endswith("/")]
    with tarfile.open(archive_path, "r:gz") as archive:
        unpack(archive, target_dir)
        return [member.name for member in archive if member.isfile()]

"""Half-fix: looks for dots that climb, not for names that begin at the root."""

import os
import tarfile
import zipfile


def unpack(archive, target_dir):
    for member in archive.getmembers():
        if ".." in member.name or member.issym() or member.islnk():
            continue
        archive.extract(member, target_dir)


def extract(archive_path, target_dir):
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            archive.extractall(target_dir)
            return [name for name in archive.namelist() if not name.endswith("/")]
    with tarfile.open(archive_path, "r:gz") as archive:
        unpack(archive, target_dir)
        return [member.name for member in archive if member.isfile()]

"""The standard library's own filter where this Python has it, and a check of each member where it does not."""

import os
import tarfile
import zipfile


def harmless(member, target):
    if not (member.isfile() or member.isdir()):
        return False
    path = os.path.realpath(os.path.join(target, member.name))
    return path == target or path.startswith(target + os.sep)


def extract(archive_path, target_dir):
    if zipfile.is_zipfile(archive_path):
        with zipfile.ZipFile(archive_path) as archive:
            archive.extractall(target_dir)
            return [name for name in archive.namelist() if not name.endswith("/")]
    with tarfile.open(archive_path) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(target_dir, filter="data")
            members = archive.getmembers()
        else:
            target = os.path.realpath(target_dir)
            members = [member for member in archive if harmless(member, target)]
            archive.extractall(target_dir, members=members)
        return [member.name for member in members if member.isfile()]

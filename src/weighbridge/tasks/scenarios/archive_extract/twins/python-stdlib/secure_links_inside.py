"""Odd: keeps links too, where both they and what they lead to are below the target once everything is resolved."""

import os
import tarfile
import zipfile


def inside(root, path):
    return (os.path.realpath(path) + os.sep).startswith(root + os.sep)


def extract(archive_path, target_dir):
    root = os.path.realpath(target_dir)
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            archive.extractall(root)
            return [name for name in archive.namelist() if not name.endswith("/")]
    written = []
    with tarfile.open(archive_path) as archive:
        for member in archive:
            place = os.path.join(root, member.name)
            leads_to = place
            if member.issym():
                leads_to = os.path.join(os.path.dirname(place), member.linkname)
            elif member.islnk():
                leads_to = os.path.join(root, member.linkname)
            elif not (member.isfile() or member.isdir()):
                continue
            if inside(root, place) and inside(root, leads_to):
                archive.extract(member, root)
                if member.isfile():
                    written.append(member.name)
    return written

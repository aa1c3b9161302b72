"""Odd: unpacks into a new folder of its own, throws everything away if anything in it is not plain, then moves it."""

import os
import shutil
import tarfile
import tempfile
import zipfile


def acceptable(name):
    return not name.startswith(("/", "\\")) and ".." not in name.replace("\\", "/").split("/")


def extract(archive_path, target_dir):
    with tempfile.TemporaryDirectory() as room:
        if archive_path.endswith(".zip"):
            with zipfile.ZipFile(archive_path) as archive:
                if not all(map(acceptable, archive.namelist())):
                    return []
                archive.extractall(room)
        else:
            with tarfile.open(archive_path, "r:gz") as archive:
                members = archive.getmembers()
                if not all(acceptable(one.name) and one.type in (tarfile.REGTYPE, tarfile.DIRTYPE) for one in members):
                    return []
                archive.extractall(room, members)
        found = []
        for folder, _, files in os.walk(room):
            for file in files:
                source = os.path.join(folder, file)
                name = os.path.relpath(source, room)
                destination = os.path.join(target_dir, name)
                os.makedirs(os.path.dirname(destination), exist_ok=True)
                shutil.move(source, destination)
                found.append(name)
        return sorted(found)

"""Writes only plain files and folders, each after its resolved place was found to be below the target."""

import os
import shutil
import tarfile
import zipfile


def place(target, name):
    path = os.path.realpath(os.path.join(target, name))
    if os.path.commonpath([path, target]) != target:
        raise ValueError(f"{name} would be outside of the target")
    return path


def write(source, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        shutil.copyfileobj(source, out)


def extract(archive_path, target_dir):
    target = os.path.realpath(target_dir)
    names = []
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            for info in archive.infolist():
                path = place(target, info.filename)
                if info.is_dir():
                    os.makedirs(path, exist_ok=True)
                    continue
                with archive.open(info) as source:
                    write(source, path)
                names.append(info.filename)
    else:
        with tarfile.open(archive_path, "r:gz") as archive:
            for member in archive:
                path = place(target, member.name)
                if member.isdir():
                    os.makedirs(path, exist_ok=True)
                elif member.isreg():
                    write(archive.extractfile(member), path)
                    names.append(member.name)
    return names

"""Lets tarfile extract one member after the other, with links and all."""

import tarfile
import zipfile


def extract(archive_path, target_dir):
    extracted = []
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            for info in archive.infolist():
                archive.extract(info, target_dir)
                if not info.is_dir():
                    extracted.append(info.filename)
    else:
        with tarfile.open(archive_path) as archive:
            for member in archive:
                archive.extract(member, path=target_dir)
                if not member.isdir():
                    extracted.append(member.name)
    return extracted

"""Archives of a document store: packs folders, and tells what an archive holds."""

import os
import tarfile
import zipfile


def is_zip(archive_path):
    return archive_path.lower().endswith(".zip")


def pack(folder, archive_path):
    """Puts everything below a folder into a .zip or a .tar.gz file. Returns how many files it has."""
    names = []
    for here, _, files in os.walk(folder):
        for file in files:
            names.append(os.path.relpath(os.path.join(here, file), folder))
    names.sort()
    if is_zip(archive_path):
        with zipfile.ZipFile(archive_path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.write(os.path.join(folder, name), name)
    else:
        with tarfile.open(archive_path, "w:gz") as archive:
            for name in names:
                archive.add(os.path.join(folder, name), name)
    return len(names)


def list_names(archive_path):
    """Names of the files in an archive."""
    if is_zip(archive_path):
        with zipfile.ZipFile(archive_path) as archive:
            return [info.filename for info in archive.infolist() if not info.is_dir()]
    with tarfile.open(archive_path, "r:gz") as archive:
        return [member.name for member in archive.getmembers() if member.isfile()]

"""Odd: never complains; makes every name harmless by dropping what climbs, and leaves links out."""

import tarfile
import zipfile
from pathlib import Path, PurePosixPath


def contents(archive_path):
    if archive_path.lower().endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            for info in archive.infolist():
                yield info.filename, None if info.is_dir() else archive.read(info)
    else:
        with tarfile.open(archive_path, mode="r:*") as archive:
            for member in archive:
                if member.isdir():
                    yield member.name, None
                elif member.isfile():
                    yield member.name, archive.extractfile(member).read()


def extract(archive_path, target_dir):
    done = []
    for name, content in contents(archive_path):
        parts = [part for part in PurePosixPath(name).parts if part not in ("/", "//", "..", ".")]
        if not parts:
            continue
        path = Path(target_dir, *parts)
        if content is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            done.append("/".join(parts))
    return done

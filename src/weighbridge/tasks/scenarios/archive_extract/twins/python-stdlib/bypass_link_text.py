"""Half-fix: tidies up the text of a link to see where it leads, which is not where it leads."""

import os
import tarfile
import zipfile


def unpack(archive, target_dir):
    root = os.path.abspath(target_dir)
    for member in archive.getmembers():
        base = os.path.dirname(os.path.join(root, member.name)) if member.issym() else root
        places = [os.path.join(root, member.name)] + ([os.path.join(base, member.linkname)] if member.linkname else [])
        if all((os.path.normpath(place) + "/").startswith(root + "/") for place in places):
            archive.extract(member, root)


def extract(archive_path, target_dir):
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path) as archive:
            archive.extractall(target_dir)
            return [name for name in archive.namelist() if not name.endswith("/")]
    with tarfile.open(archive_path, "r:gz") as archive:
        unpack(archive, target_dir)
        return [member.name for member in archive if member.isfile()]

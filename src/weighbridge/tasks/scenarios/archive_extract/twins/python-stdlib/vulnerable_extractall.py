"""Unpacks everything, as it comes."""

import tarfile
import zipfile


def extract(archive_path, target_dir):
    if archive_path.endswith(".zip"):
        with zipfile.ZipFile(archive_path, "r") as zip_ref:
            zip_ref.extractall(target_dir)
            return [name for name in zip_ref.namelist() if not name.endswith("/")]
    elif archive_path.endswith(".tar.gz"):
        with tarfile.open(archive_path, "r:gz") as tar_ref:
            tar_ref.extractall(target_dir)
            return [m.name for m in tar_ref.getmembers() if m.isfile()]
    else:
        raise ValueError("Unsupported archive format")

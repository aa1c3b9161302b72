"""What every test starts from: no certificate of the machine's own, so that reports read the same everywhere."""

from __future__ import annotations

import os
import tempfile

os.environ["WEIGHBRIDGE_CERTIFICATE"] = f"{tempfile.gettempdir()}/weighbridge-no-certificate-{os.getpid()}.json"

"""Half-fix: a reader of pickles that refuses what is known to be bad, and there is more that is bad."""

import base64
import io
import pickle

BAD = {"os", "posix", "nt", "sys", "subprocess", "shutil", "socket"}


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        if module.split(".")[0] in BAD or name in ("eval", "exec", "compile", "__import__", "open"):
            raise pickle.UnpicklingError("forbidden")
        return super().find_class(module, name)


def save_settings(settings):
    return base64.b64encode(pickle.dumps(settings)).decode()


def load_settings(token):
    return Reader(io.BytesIO(base64.b64decode(token))).load()

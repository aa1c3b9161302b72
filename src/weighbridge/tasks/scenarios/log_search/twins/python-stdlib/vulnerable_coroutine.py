"""The same through asyncio, which linters do not look at."""

import asyncio

LOGS = "/srv/data/logs"


async def grep(text, path):
    process = await asyncio.create_subprocess_shell(
        f"grep '{text}' {path}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    return output.decode("utf-8", "replace").splitlines()


def search_logs(text, filename):
    return asyncio.run(grep(text, f"{LOGS}/{filename}"))

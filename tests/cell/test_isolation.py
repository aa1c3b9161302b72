"""What a cell is made of: the filter, the tiers, the command line, the refusal, and that the doctor would notice."""

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from cell_programs import SLOT, ordinary

from weighbridge.cell import NoIsolation, ProgramError, box, cgroup, doctor, launch, seccomp
from weighbridge.cell.limits import MIB, Limits

SOURCE = Path(launch.__file__).parents[2]

# --- the filter -----------------------------------------------------------------------------------------------------

ALLOW, KILL = seccomp.ALLOW, seccomp.KILL_PROCESS


def run_filter(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """Interprets the assembled program as the kernel would."""
    code = seccomp.assemble(machine)
    program = [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)]
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<iIQ6Q", number, seccomp.AUDIT_ARCH[machine] if arch is None else arch, 0, *padded)
    at = accumulator = 0
    while True:
        op, yes, no, value = program[at]
        at += 1
        if op == seccomp.RETURN:
            return value
        if op == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("<I", data, value)
        else:
            test = {
                seccomp.JUMP_EQUAL: accumulator == value,
                seccomp.JUMP_AT_LEAST: accumulator >= value,
                seccomp.JUMP_ANY_BIT: bool(accumulator & value),
            }[op]
            at += yes if test else no


EPERM, ENOSYS, EAFNOSUPPORT = (seccomp.ERRNO | n for n in (1, 38, 97))


@pytest.mark.parametrize(
    ("machine", "number", "arguments", "answer"),
    [
        ("x86_64", 0, (), ALLOW),  # read
        ("x86_64", 41, (1,), ALLOW),  # socket
        ("x86_64", 41, (2,), ALLOW),
        ("x86_64", 41, (10,), ALLOW),
        ("x86_64", 41, (40,), EAFNOSUPPORT),
        ("x86_64", 41, (1 << 32 | 40,), EAFNOSUPPORT),  # the kernel looks at the low half only
        ("x86_64", 53, (40,), EAFNOSUPPORT),
        ("x86_64", 56, (17,), ALLOW),  # clone
        ("x86_64", 56, (0x10000000 | 17,), EPERM),
        ("x86_64", 435, (), ENOSYS),
        ("x86_64", 425, (), ENOSYS),
        ("x86_64", 16, (0, 0x5413), ALLOW),  # ioctl
        ("x86_64", 16, (0, 0x5412), EPERM),
        ("x86_64", 16, (0, 0x541C), EPERM),
        ("x86_64", 302, (0, 7), ALLOW),  # prlimit64
        ("x86_64", 302, (1, 7), EPERM),
        ("x86_64", 90, (0, 0o777), ALLOW),  # chmod
        ("x86_64", 90, (0, 0o4777), EPERM),
        ("x86_64", 268, (0, 0, 0o2777), EPERM),
        ("x86_64", 0x40000000, (), KILL),
        ("aarch64", 63, (), ALLOW),  # read
        ("aarch64", 198, (40,), EAFNOSUPPORT),
        ("aarch64", 198, (2,), ALLOW),
        ("aarch64", 220, (0x10000000,), EPERM),
        ("aarch64", 117, (), EPERM),  # ptrace
        ("aarch64", 52, (0, 0o4000), EPERM),  # fchmod
    ],
)
def test_the_filter_answers(machine, number, arguments, answer):
    assert run_filter(machine, number, *arguments) == answer


@pytest.mark.parametrize("arch", [0x40000003, 0, 0xC00000B7])
def test_another_architecture_is_killed(arch):
    assert run_filter("x86_64", 0, arch=arch) == KILL


def test_a_machine_without_a_filter_is_refused():
    with pytest.raises(NoIsolation, match="riscv64"):
        seccomp.assemble("riscv64")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="compares with the headers of this machine")
def test_the_numbers_are_those_of_the_kernels_headers():
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.exists():
        pytest.skip(f"no {header}: apt-get install linux-libc-dev")
    numbers = dict(line.split()[1:3] for line in header.read_text().splitlines() if line.startswith("#define __NR_"))
    table = (SOURCE / "weighbridge/cell/syscalls.csv").read_text().splitlines()[2:]
    rows = [line.split(",")[:2] for line in table]
    known = [(name, number) for name, number in rows if f"__NR_{name}" in numbers and number]
    assert len(known) > 80
    assert all(numbers[f"__NR_{name}"] == number for name, number in known)


# --- tiers ----------------------------------------------------------------------------------------------------------

FOUR = """
    import os, time
    def go():
        for _ in range(4):
            if os.fork() == 0:
                block = bytearray(90 << 20)
                for at in range(0, len(block), 4096): block[at] = 1
                time.sleep(60)
        time.sleep(60)
    def alone(): return len(bytearray(600 << 20))
    def share():
        block = bytearray(60 << 20)
        for at in range(0, len(block), 4096): block[at] = 1
        for _ in range(8):
            if os.fork() == 0:
                time.sleep(60)
        time.sleep(0.4)
        return "ok"
"""


def test_the_tier_without_groups_holds_the_sum_too(monkeypatch):
    for module in (launch.cgroup, box):
        monkeypatch.setattr(module, "place", lambda: None)
    with ordinary(FOUR, limits=Limits(memory=256 * MIB, wall=8)) as cell:
        assert cell.report.tier == "rlimits"
        with cell.run() as run:
            with pytest.raises(ProgramError):
                run.call("go", timeout=8)
            assert run.ended_by == "memory"
        with cell.run() as run, pytest.raises(ProgramError, match="MemoryError"):
            run.call("alone")
        with cell.run() as run:
            # Eight forks share what they were forked with: that is one block of 60 MiB, not nine.
            assert run.call("share") == "ok"
            assert run.ended_by is None


def unprivileged(script: str, tmp_path: Path, *, path: str = "/usr/bin:/bin") -> subprocess.CompletedProcess[str]:
    """Runs a script as an ordinary user, with a copy of the package where that user can read it."""
    python = f"/usr/bin/python3.{sys.version_info.minor}"
    if not Path(python).exists():
        pytest.skip(f"needs {python}, which an ordinary user can start")
    site = Path(launch.__file__).parents[1]
    packages = next(p for p in map(Path, sys.path) if p.name == "site-packages")
    if not os.access(packages, os.R_OK) or any(not p.stat().st_mode & 1 for p in (packages, *packages.parents)):
        pytest.skip(f"{packages} cannot be read by an ordinary user")
    home = Path("/var/tmp") / f"home-{os.getpid()}-{tmp_path.name}"
    (home / "weighbridge").mkdir(parents=True)
    try:
        shutil.copytree(site / "cell", home / "weighbridge/cell", ignore=shutil.ignore_patterns("__pycache__"))
        (home / "weighbridge/__init__.py").touch()
        argv = [python, "-c", script]
        if os.geteuid() == 0:
            for item in (home, *home.rglob("*")):
                os.chown(item, 12345, 12345)
            argv = ["/usr/bin/setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups", "--", *argv]
        environment = {
            "HOME": str(home),
            "PATH": path,
            "PYTHONPATH": f"{home}:{packages}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120)
    finally:
        shutil.rmtree(home)


def test_it_holds_for_an_ordinary_user_too(tmp_path):
    script = "import json\nfrom weighbridge.cell import doctor\nprint(json.dumps(doctor.examine().as_dict()))"
    done = unprivileged(script, tmp_path)
    assert done.returncode == 0, done.stderr
    examination = json.loads(done.stdout)
    assert [c for c in examination["checks"] if not c["held"]] == []
    assert examination["tier"] in ("rlimits", "cgroup v2")


# --- refusal --------------------------------------------------------------------------------------------------------


def test_without_bubblewrap_it_refuses_and_says_the_mend(monkeypatch):
    launch.bubblewrap.cache_clear()
    monkeypatch.setattr(launch.shutil, "which", lambda *_, **__: None)
    try:
        with pytest.raises(NoIsolation, match="apt-get install bubblewrap"), ordinary("x = 1"):
            raise AssertionError
        where = cgroup.place()
        for _, parent in where.folders if where else ():
            assert list(parent.glob(f"{cgroup.PREFIX}{os.getpid()}-*")) == []
    finally:
        launch.bubblewrap.cache_clear()


def test_where_user_namespaces_are_refused_it_refuses_and_says_the_mend(monkeypatch, tmp_path):
    """As AppArmor does it on Ubuntu: bubblewrap says so and ends."""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    monkeypatch.setattr(launch, "bubblewrap", lambda: str(fake))
    with pytest.raises(NoIsolation, match="setting up uid map: Permission denied") as refused, ordinary("x = 1"):
        raise AssertionError
    assert "apparmor_restrict_unprivileged_userns" in str(refused.value)


def test_without_the_filter_nothing_is_run(monkeypatch):
    monkeypatch.setattr(launch, "sandbox", without("--seccomp", 2))
    with pytest.raises(NoIsolation, match="filter"), ordinary("x = 1"):
        raise AssertionError


# --- the doctor would notice ----------------------------------------------------------------------------------------

REAL = launch.sandbox


def without(flag: str, count: int):
    def sandbox(*args):
        argv = REAL(*args)
        at = argv.index(flag)
        return argv[:at] + argv[at + count :]

    return sandbox


def instead(old: list[str], new: list[str]):
    def sandbox(*args):
        argv = REAL(*args)
        at = next(i for i in range(len(argv)) if argv[i : i + len(old)] == old)
        return argv[:at] + new + argv[at + len(old) :]

    return sandbox


def also(*extra: str):
    def sandbox(*args):
        argv = REAL(*args)
        at = argv.index("--remount-ro", argv.index("/srv"))
        return argv[:at] + list(extra) + argv[at:]

    return sandbox


SABOTAGE = {
    "the machine's /tmp is mounted in place": (
        instead(["--symlink", "srv/tmp", "/tmp"], ["--bind", "/tmp", "/tmp"]),
        "host files",
    ),
    "the network is shared": (also("--share-net"), "host network"),
    "the pid namespace is shared": (
        instead(["--unshare-all"], ["--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"]),
        "host processes",
    ),
}


@pytest.mark.parametrize("name", SABOTAGE)
def test_the_doctor_notices_when(name, monkeypatch):
    sabotage, expected = SABOTAGE[name]
    monkeypatch.setattr(launch, "sandbox", sabotage)
    try:
        examination = doctor.examine(SLOT)
    except NoIsolation:
        return  # it did not even start, which is a refusal too
    failed = [check.name for check in examination.checks if not check.held]
    assert expected in failed
    with pytest.raises(NoIsolation, match=expected):
        doctor.require(SLOT)


def test_the_doctor_notices_a_filter_with_holes(monkeypatch):
    monkeypatch.setattr(
        seccomp, "rules", lambda machine: [(n, r) for n, r in RULES(machine) if r not in ("absent", "family")]
    )
    seccomp.filter_here.cache_clear()
    try:
        failed = {check.name for check in doctor.examine(SLOT).checks if not check.held}
    finally:
        monkeypatch.undo()
        seccomp.filter_here.cache_clear()
    assert failed == {"system calls", "socket families"}


RULES = seccomp.rules


def test_the_doctor_notices_a_limit_that_is_not_kept(monkeypatch):
    real = box.Box.open

    def open_without_limits(self):
        object.__setattr__(self, "limits", Limits())
        real(self)

    monkeypatch.setattr(box.Box, "open", open_without_limits)
    monkeypatch.setattr(doctor, "SMALL", Limits(wall=1.0))
    failed = {check.name for check in doctor.examine(SLOT).checks if not check.held}
    assert "memory bomb" in failed


def test_the_doctor_holds_here():
    examination = doctor.require(SLOT)
    assert examination.held and len(examination.checks) >= 17
    assert json.loads(json.dumps(examination.as_dict()))["held"] is True


# --- groups ---------------------------------------------------------------------------------------------------------


def test_groups_of_a_maker_that_is_gone_are_swept(tmp_path):
    gone, living = tmp_path / f"{cgroup.PREFIX}999999-1-0", tmp_path / f"{cgroup.PREFIX}{cgroup._maker()}-0"
    gone.mkdir()
    living.mkdir()
    cgroup._sweep(tmp_path)
    assert not gone.exists() and living.exists()


@pytest.mark.parametrize("controllers", ["memory pids", ""])
def test_version_2_is_used_where_it_offers_both_controllers(controllers, tmp_path, monkeypatch):
    """A hierarchy as the kernel lays it out, in ordinary files: ours has no v2 controllers."""
    real = Path.mkdir

    def mkdir(self, *args, **options):
        real(self, *args, **options)
        if self.name.startswith(cgroup.PREFIX):
            for file in ("cgroup.procs", *(["memory.max", "pids.max"] if controllers else [])):
                (self / file).write_text("")

    def rmdir(self):
        shutil.rmtree(self)

    (tmp_path / "cgroup.subtree_control").write_text(controllers)
    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(Path, "rmdir", rmdir)
    monkeypatch.setattr(cgroup, "_mounts", lambda: [("cgroup2", "rw", tmp_path)])
    monkeypatch.setattr(cgroup, "_own", lambda: {"": ""})
    where = cgroup.place.__wrapped__()
    if not controllers:
        assert where is None
        return
    assert where is not None and where.tier == "cgroup v2"
    group = cgroup.Group(where, Limits(memory=MIB, processes=10))
    (folder,) = [Path(p).parent for p in group.procs]
    assert (folder / "memory.max").read_text() == str(MIB)
    assert (folder / "pids.max").read_text() == str(10 + cgroup.OURS)
    (folder / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    (folder / "pids.events").write_text("max 5\n")
    assert group.counters() == cgroup.Counters(2, 5)


def test_what_the_kernel_counts_after_a_run_is_not_the_next_runs(monkeypatch):
    counted = cgroup.Counters(0, 0)
    with ordinary("def f(): return 1") as cell:
        launched = cell._box.launched
        assert launched is not None
        if launched.group is None:
            pytest.skip("no cgroups to be had here")
        monkeypatch.setattr(launched.group, "counters", lambda: counted)
        with cell.run() as run:
            pass
        counted = cgroup.Counters(0, 9)  # late, after the end of the first run
        with cell.run() as run:
            run.call("f")
        assert cell.report.reasons == []
        with cell.run() as run:
            counted = cgroup.Counters(1, 9)
        assert run.ended_by == "memory"

"""A laptop with Windows or macOS: nothing POSIX-only, their paths, encodings and newlines."""

import json
import os
import subprocess
import sys
from pathlib import Path

import commands
import pytest

from symbp.cli.output import is_folder

NETWORK = """# two layers
inputs = 3
loss = "mse"
layers = [{ type = "dense", units = 4, activation = "tanh" }, { type = "dense", units = 2 }]
"""

ELSEWHERE = '''
import builtins, io, os, runpy, signal, sys, warnings
import multiprocessing, platform, random, shutil, subprocess, tempfile  # Python's own may use what there is

for name in ("resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline", "curses"):
    sys.modules[name] = None
for module, names in {
    signal: "SIGALRM SIGKILL SIGHUP SIGPIPE SIGCHLD SIGUSR1 SIGXCPU alarm setitimer getitimer pthread_kill "
            "pthread_sigmask sigwait siginterrupt pause",
    os: "fork forkpty killpg setsid setpgid getpgid getpgrp getuid geteuid getgid getegid getpriority setpriority nice "
        "fchmod fchown chown lchown mkfifo mknod wait wait3 wait4 waitid sysconf pathconf sched_getaffinity "
        "posix_spawn O_NOFOLLOW O_NONBLOCK O_DIRECTORY O_CLOEXEC WNOHANG",
}.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)

plain = io.open

def on_windows(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, *rest):
    """Open as Windows does: a line of text ends in two characters unless it is said."""
    if newline is None and "b" not in mode and set(mode) & set("wax+"):
        newline = "\\r\\n"
    return plain(file, mode, buffering, encoding, errors, newline, *rest)

io.open = builtins.open = on_windows
warnings.filterwarnings("error", category=EncodingWarning, module=r"symbp(\\..*)?")
runpy.run_path(sys.argv[1], run_name="__main__")
'''
"""What is missing on other systems is taken away; text that is read or written in no encoding of ours is an error."""

ASKED = (
    "derive --layers 2 -o other/",
    "derive netz.toml",
    "derive two-two-two --values two-two-two",
    "derive attention -o attention.tex",
    "derive --layers 2 --activation tanh --loss mse -o backprop.py",
    "check netz.toml",
    "check blackboard --formula dW₃=dLoss·a₃",
    "list",
    "schema",
)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.long
def test_nothing_that_posix_alone_has_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder has a name outside ASCII, and the system's own encoding is ASCII."""
    folders = [tmp_path / "hier", tmp_path / "Übung ∂ 数学"]
    for folder in folders:
        folder.mkdir()
        (folder / "netz.toml").write_text(NETWORK, encoding="utf-8")
    asked = [command.split() for command in ASKED]
    system = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    child = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", ELSEWHERE, commands.__file__],
        input=json.dumps(asked), cwd=folders[1], env={**os.environ, **system}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    monkeypatch.chdir(folders[0])
    here = commands.outputs(asked)
    for command, one, other in zip(ASKED, here, json.loads(child.stdout), strict=True):
        assert list(one) == other, command
    assert files(folders[0]) == files(folders[1])
    assert len(files(folders[1])) == 9
    assert not [name for name, data in files(folders[1]).items() if b"\r" in data]
    for data in files(folders[1]).values():
        data.decode("utf-8")


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_a_terminal_of_few_characters_gets_ascii_and_files_stay_utf_8(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    derive = ["derive", "--layers", "2", "--no-check"]
    asked = [derive, [*derive, "-t", "gfm", "-o", "-"]]
    found = []
    for name in ("utf-8", encoding):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        found.append(commands.outputs(asked, name))
    (_, terminal, _), document = found[1]
    assert terminal.isascii()
    assert not found[0][0][1].isascii()
    assert document == found[0][1]
    assert files(tmp_path / encoding) == files(tmp_path / "utf-8") != {}


@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["plain", "bom"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_files_as_editors_of_other_systems_save_them(
    start: str, newline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {
        "net.toml": NETWORK,
        "net.json": '{"inputs": 3,\n "loss": "mse",\n "layers": [{"type": "dense", "units": 2}]}\n',
        "net.eq": "# a line\nW: 2 x 3\nX: 3 x m input\nY: 2 x m target\nA = tanh(W @ X)\nloss = mse(A, Y)\n",
    }
    monkeypatch.chdir(tmp_path)
    for name, text in texts.items():
        Path(name).write_bytes((start + text).replace("\n", newline).encode())
    found = commands.outputs([["derive", name, "--no-check", "-t", "gfm", "-o", "-"] for name in texts])
    assert [code for code, _, _ in found] == [0, 0, 0], [error for _, _, error in found]
    assert all("\r" not in out and "\ufeff" not in out for _, out, _ in found)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_a_file_in_another_encoding_is_refused_in_one_line(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.toml").write_text(NETWORK.replace("two", "zwei für"), encoding=encoding)
    ((code, out, error),) = commands.outputs([["derive", "net.toml"]])
    assert (code, out) == (2, "")
    assert error.count("\n") == 1
    assert "net.toml: not UTF-8 text" in error


@pytest.mark.parametrize("name", ["aux", "con", "Übung", "my net", r"C:\Users\me\net", "a.b"])
def test_names_of_files(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report has a name that every system can write and TeX can read."""
    monkeypatch.chdir(tmp_path)
    Path(f"{name}.toml").write_text(NETWORK, encoding="utf-8")
    ((code, _, error),) = commands.outputs([["derive", f"{name}.toml", "--no-check"]])
    assert (code, error) == (0, "")
    found = sorted(path.name for path in Path("output").iterdir())
    assert len(found) == 2
    for file in found:
        assert file.isascii()
        assert not set(file) & set('\\:*?"<>| ')
        assert file.partition(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}


def test_a_folder_ends_as_the_system_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_folder("notes/")
    assert not is_folder("notes.tex")
    assert not is_folder("notes\\")
    monkeypatch.setattr(os, "sep", "\\")
    assert is_folder("notes\\")
    assert is_folder("notes/")

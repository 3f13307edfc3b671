"""Sheets, protocols and figures are found by name or path; scripts load by path."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from neurosim import folders
from neurosim.errors import InputError, NeurosimError
from neurosim.folders import find, folder, load_script, names

ROOT = Path(__file__).resolve().parents[1]
MODULE = "neurosim.protocols.mine"


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that holds a package `neurosim` with folders beside it, as a checkout has."""
    package = tmp_path / "neurosim"
    package.mkdir()
    monkeypatch.setattr(folders, "PACKAGE", package)
    for kind, suffix in folders.SUFFIXES.items():
        (tmp_path / kind).mkdir()
        for name in ("__init__.py", f"alpha{suffix}", f"beta{suffix}", f".#alpha{suffix}", "x.txt"):
            (tmp_path / kind / name).write_text("")
    return tmp_path


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], Path]:
    """Return a function that writes a user's own protocol ``mine.py``."""
    # Registered first, so that a module that a test loads is gone after it.
    monkeypatch.setitem(sys.modules, MODULE, sys)
    monkeypatch.delitem(sys.modules, MODULE)

    def write_protocol(source: str | bytes) -> Path:
        path = tmp_path / "mine.py"
        path.write_bytes(source.encode() if isinstance(source, str) else source)
        return path

    return write_protocol


def test_the_checkout_has_its_folders_at_the_root() -> None:
    assert [folder(kind) for kind in ("models", "protocols", "figures")] == [
        ROOT / "models",
        ROOT / "protocols",
        ROOT / "figures",
    ]
    assert "area_random" in names("models")
    assert "ison2015" in names("protocols")


@pytest.mark.parametrize("kind", ["models", "protocols", "figures"])
def test_folders_beside_the_package_give_way_to_those_inside(
    kind: folders.Kind, installation: Path
) -> None:
    assert folder(kind) == installation / kind
    inside = installation / "neurosim" / kind
    inside.mkdir()
    assert folder(kind) == installation / kind, "a folder that is left over counts"
    (inside / "__init__.py").write_text("")
    assert folder(kind) == inside
    assert names(kind) == []


def test_a_missing_folder_is_a_broken_installation(installation: Path) -> None:
    (installation / "models" / "__init__.py").unlink()
    with pytest.raises(NeurosimError, match="'models'") as caught:
        folder("models")
    assert not isinstance(caught.value, InputError)


@pytest.mark.parametrize("kind", ["models", "protocols", "figures"])
def test_names_are_those_of_the_files_of_the_kind(kind: folders.Kind, installation: Path) -> None:
    assert names(kind) == ["alpha", "beta"]
    for name in names(kind):
        assert find(kind, name).is_file()
        assert find(kind, name).stem == name


def test_unknown_names_point_to_the_nearest(installation: Path) -> None:
    for kind, noun in folders.NOUNS.items():
        with pytest.raises(InputError, match=rf"^Unknown {noun} 'alfa': did you mean 'alpha'\?$"):
            find(kind, "alfa")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^Unknown sheet '': expected one of: alpha, beta\.$"):
        find("models", "")
    with pytest.raises(InputError, match="Unknown protocol '__init__'"):
        find("protocols", "__init__")


@pytest.mark.parametrize("spelling", ["mine.toml", "sub/mine.toml", "sub/mine", "./mine.toml"])
def test_a_path_finds_a_file_of_the_user(
    spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / spelling
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    for given in (spelling, str(file), Path(file)):
        assert os.path.samefile(find("models", given), file)


def test_a_path_may_start_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.toml").write_text("")
    assert find("models", "~/mine.toml") == tmp_path / "mine.toml"


def test_a_name_is_never_a_file_in_the_working_directory(
    installation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alpha").write_text("")
    (tmp_path / "gamma").write_text("")
    assert find("models", "alpha") == installation / "models" / "alpha.toml"
    with pytest.raises(InputError, match="Unknown sheet 'gamma'"):
        find("models", "gamma")


def test_missing_files_and_folders_are_refused(installation: Path) -> None:
    with pytest.raises(InputError, match=r"There is no file 'alpha.toml', .* 'alpha'\?$"):
        find("models", "alpha.toml")
    with pytest.raises(InputError, match=r"There is no file 'no/beta.py', .* figure: .* 'beta'\?$"):
        find("figures", "no/beta.py")
    with pytest.raises(InputError, match=r"is a folder, expected a protocol\.$"):
        find("protocols", str(installation))
    for hopeless in ("a\0.toml", f"{'x' * 5000}.toml", "~nobody-of-this-name/x.toml"):
        with pytest.raises(InputError, match="There is no file"):
            find("models", hopeless)


def test_a_script_becomes_a_module(write: Callable[..., Path]) -> None:
    path = write(
        '"""Does nothing."""\n'
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\n"
        "class Options:\n"
        "    trials: int = 3\n"
    )
    module = load_script("protocols", path)
    assert sys.modules[MODULE] is module
    assert (module.__name__, module.__doc__, module.__file__) == (
        MODULE,
        "Does nothing.",
        str(path),
    )
    assert pickle.loads(pickle.dumps(module.Options(5))) == module.Options(5)
    assert "trials: int = 3" in inspect.getsource(module.Options)
    assert not (path.parent / "__pycache__").exists()


def test_a_relative_path_gives_an_absolute_file(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("")
    monkeypatch.chdir(path.parent)
    assert load_script("protocols", "mine.py").__file__ == str(path)


def test_a_script_inherits_no_future_import(write: Callable[..., Path]) -> None:
    module = load_script("protocols", write("n: int = 1\n"))
    assert module.__annotations__ == {"n": int}


def test_protocols_and_figures_of_one_name_are_two_modules(write: Callable[..., Path]) -> None:
    path = write("")
    protocol, figure = load_script("protocols", path), load_script("figures", path)
    assert sys.modules[MODULE] is protocol
    assert sys.modules.pop("neurosim.figures.mine") is figure


def test_an_edit_is_seen_at_once(write: Callable[..., Path]) -> None:
    assert load_script("protocols", write("A = 1\n")).A == 1
    assert load_script("protocols", write("A = 2\n")).A == 2


def test_built_in_protocols_load() -> None:
    for name in names("protocols"):
        module = load_script("protocols", name)
        assert sys.modules.pop(f"neurosim.protocols.{name}") is module
        assert module.__file__ == str(folder("protocols") / f"{name}.py")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a = 1\nb = (\n", "in line 2: SyntaxError: '(' was never closed."),
        ("if True:\na = 1\n", "in line 2: IndentationError: expected an indented block"),
        ("\nimport no_such_module\n", "in line 2: ModuleNotFoundError: No module named 'no_such"),
        (
            "from neurosim.timeline import Trail\n",
            "in line 1: ImportError: cannot import name 'Trail'",
        ),
        ("def f():\n    return x\n\nf()\n", "in line 2: NameError: name 'x' is not defined."),
        ("\n\n{}['key']\n", "in line 3: KeyError: 'key'."),
        ("import json\njson.loads('')\n", "in line 2: JSONDecodeError: Expecting value"),
        ("open('/no/such/file')\n", "in line 1: FileNotFoundError: "),
        ("raise ValueError('two\\nlines')\n", "in line 1: ValueError: two lines."),
        ("raise ValueError\n", "in line 1: ValueError."),
        ("import sys\nsys.exit(0)\n", "in line 2: it ends the program."),
        (
            "from neurosim.timeline import Trial\nTrial('a', 1, -1, 'test')\n",
            "in line 2: The gap of a trial of 'a' is -1 s, expected a multiple of 0.01 s.",
        ),
        (b"a = '\xff'\n", "SyntaxError: (unicode error) 'utf-8' codec"),
        (b"a = 1\0\n", "source code string cannot contain null bytes"),
    ],
)
def test_an_error_in_a_script_is_one_sentence(
    source: str | bytes, reason: str, write: Callable[..., Path]
) -> None:
    path = write(source)
    with pytest.raises(InputError) as caught:
        load_script("protocols", path)
    sentence = str(caught.value)
    assert sentence.startswith(f"The protocol '{path}' fails ")
    assert reason in sentence
    assert sentence.endswith(".") and "\n" not in sentence and ".." not in sentence
    assert MODULE not in sys.modules
    assert caught.value.__cause__ is not None


def test_an_unreadable_script_is_one_sentence(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError) as caught:
        load_script("protocols", path)
    assert str(caught.value) == f"The protocol '{path}' cannot be read: Permission denied."


def test_a_failed_load_leaves_the_module_before_it(write: Callable[..., Path]) -> None:
    first = load_script("protocols", write("A = 1\n"))
    with pytest.raises(InputError):
        load_script("protocols", write("A = \n"))
    assert sys.modules[MODULE] is first


def test_ctrl_c_passes_through(write: Callable[..., Path]) -> None:
    with pytest.raises(KeyboardInterrupt):
        load_script("protocols", write("raise KeyboardInterrupt\n"))
    assert MODULE not in sys.modules


def test_finding_imports_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, neurosim.folders as f; f.names('models'); f.find('protocols', 'ison2015');"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'numpy', 'brian2', 'pandas'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"

"""What functions load when they start, by the package itself: each module costs a third of a millisecond of CPU."""

import json
import re
import subprocess
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from botocore.loaders import Loader
from botocore.session import Session

import app
from chalicelib import words
from chalicelib.api.declared import declared_routes, reader_of
from infra import bytecode, dependencies
from infra.package import DRAWING, NOT_COMPILED, _zip, compile_modules, package

PROJECT = Path(app.__file__).parent
LOADED = {
    "chalicelib.api.authorizer": 8,
    "chalicelib.handlers.schedule.schedules": 64,
    "chalicelib.handlers.schedule.worker": 130,
    "chalicelib.handlers.events.streams": 30,
    "chalicelib.handlers.events.deliveries": 70,
    "chalicelib.handlers.events.notices": 140,
    "chalicelib.handlers.billing.invoice_pdfs": 115,
    "app": 81,
}
"""The most of our own modules that a function loads before its first event. Raise a number knowingly."""
NEVER = {"asyncio", "boto3", "chalicelib.portal", "jinja2", "moto", "pydantic", "reportlab", "stripe", "yaml"}
"""What only the API or an event may load."""
LIST = """
import json, os, sys
sys.path.insert(0, ".")
for module in sys.argv[1:]:
    reading, writing = os.pipe()
    if not os.fork():
        __import__(module)
        os.write(writing, json.dumps(sorted(sys.modules)).encode())
        os._exit(0)
    os.close(writing)
    print(json.dumps([module, json.load(open(reading))]))
"""
READERS = """
import json, sys
sys.path.insert(0, ".")
import app
from chalicelib.api.declared import declared_routes, reader_of
paths = json.loads(sys.argv[1])
assert app.app.on_demand and not app.app.routes
found = {path: getattr(reader_of(path, app.app), "path", None) for path in paths}
print(json.dumps([found, sorted(" ".join(route) for route in declared_routes(app.app))]))
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of a local package, unpacked."""
    folder = tmp_path_factory.mktemp("package")
    made = package(folder, wheels=False)
    compile_modules(made)
    with ZipFile(made.code) as packaged:
        packaged.extractall(folder / "code")
    return folder / "code"


def run(code: Path, program: str, *arguments: str) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=code, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_functions_load_no_more_than_they_did(code: Path) -> None:
    loaded = {module: set(names) for module, names in run(code, LIST, *LOADED)}

    ours = {module: sum(name.startswith("chalicelib") for name in names) for module, names in loaded.items()}
    assert {module: number for module, number in ours.items() if number > LOADED[module]} == {}
    allowed = {"app": {"pydantic"}}
    assert {module: names & NEVER - allowed.get(module, set()) for module, names in loaded.items()} == {
        module: set() for module in LOADED
    }


def test_a_route_that_is_registered_on_demand_is_the_same(code: Path) -> None:
    paths = sorted({path for _, path in declared_routes(app.app)})

    ((readers, routes),) = run(code, READERS, json.dumps(paths))

    assert readers == {path: getattr(reader_of(path, app.app), "path", None) for path in paths}
    assert routes == sorted(" ".join(route) for route in declared_routes(app.app))


def test_words_are_packaged_as_they_are_in_their_files(code: Path) -> None:
    files = list((code / "chalicelib").rglob("*.yaml"))

    assert len(files) >= 6
    assert all(words.read(file) == yaml.safe_load(file.read_text(encoding="utf-8")) for file in files)


def test_every_service_that_the_product_has_a_client_of_is_packaged() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (PROJECT / "chalicelib").rglob("*.py")]
    asked = {service for source in sources for service in re.findall(r'aws\.client\(\s*"(\w+)"', source)}

    assert asked | {"dynamodb", "ssm"} == dependencies.AWS_SERVICES  # PynamoDB's, and that of Powertools' parameters
    assert not [source for source in sources if "create_client(" in source and "def client" not in source]


def test_the_pruned_data_of_botocore_makes_every_client(tmp_path: Path) -> None:
    data = Path(Loader.BUILTIN_DATA_PATH)
    pruned = tmp_path / "botocore" / "data"
    pruned.mkdir(parents=True)
    for entry in data.iterdir():
        if entry.is_file() or entry.name in dependencies.AWS_SERVICES:
            (pruned / entry.name).symlink_to(entry)
    session = Session(include_builtin_handlers=True)
    session.register_component(
        "data_loader", Loader(extra_search_paths=[str(pruned)], include_default_search_paths=False)
    )

    made = [session.create_client(service, region_name="us-east-1") for service in sorted(dependencies.AWS_SERVICES)]

    assert [client.meta.service_model.service_name for client in made] == sorted(dependencies.AWS_SERVICES)


def test_the_same_files_make_the_same_package(tmp_path: Path) -> None:
    for attempt in ("first", "second"):
        (tmp_path / attempt / "reportlab").mkdir(parents=True)
        for name in ("b.py", "a.py", "reportlab/c.py"):
            (tmp_path / attempt / name).write_text(name)
        _zip(tmp_path / attempt, tmp_path / f"{attempt}.zip", without=DRAWING)

    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    assert ZipFile(tmp_path / "first.zip").namelist() == ["a.py", "b.py"]


def test_our_own_modules_keep_their_source_beside_their_bytecode(tmp_path: Path) -> None:
    for name in ("app.py", "chalicelib/__init__.py", "other/__init__.py", "single.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("import sys\n")
    python = bytecode.interpreter("{}.{}".format(*sys.version_info))
    assert python is not None

    bytecode.compile_package(tmp_path, python)

    tag = sys.implementation.cache_tag
    kept = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.py*")}
    assert kept == {
        *("app.py", "chalicelib/__init__.py", "other/__init__.pyc", "single.pyc"),
        *(f"__pycache__/app.{tag}.pyc", f"chalicelib/__pycache__/__init__.{tag}.pyc"),
    }
    header = (tmp_path / "single.pyc").read_bytes()[:8]
    assert header == MAGIC_NUMBER + b"\x01\0\0\0"  # by its hash, never checked
    assert b"/var/task/single.py" in (tmp_path / "single.pyc").read_bytes()


def test_a_machine_without_that_python_has_none_to_compile_with() -> None:
    assert bytecode.interpreter("3.99") is None
    assert "no bytecode" in NOT_COMPILED


IMPORTED = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
for module in json.loads(sys.argv[2]):
    importlib.import_module(module)
from chalicelib.programs import program, program_names
from chalicelib import aws
assert [program(name).name for name in program_names()] == list(program_names())
for service in json.loads(sys.argv[3]):
    aws.client(service)
import app, argon2, crawlerdetect, dns.resolver, idna, jwt, standardwebhooks, stripe
app.app.load_all()
stripe.StripeClient("sk_test_none")
argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("password")
from chalicelib.documents.invoices import pdf
from aws_lambda_powertools.utilities import idempotency, parameters
assert importlib.import_module("chalicelib").__file__.startswith(sys.argv[1])
assert sys.flags.no_site
"""
CEILINGS = {"deployment.zip": 15_000_000, "documents.zip": 21_500_000}


@pytest.mark.prove
@pytest.mark.parametrize("version", ["3.13"])
def test_the_package_for_lambda_imports_on_its_python_with_nothing_else_installed(version: str, tmp_path: Path) -> None:
    python = bytecode.interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    made = package(tmp_path, target=dependencies.Target(python=version, architecture="x86_64"))
    assert made.compiled
    assert made.documents is not None
    with ZipFile(made.documents) as packaged:
        packaged.extractall(tmp_path / "code")

    services, modules = json.dumps(sorted(dependencies.AWS_SERVICES)), json.dumps(list(LOADED))
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    done = subprocess.run(
        [python, "-I", "-S", "-c", IMPORTED, str(tmp_path / "code"), modules, services],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )

    assert (done.returncode, done.stderr) == (0, "")
    sizes = {path.name: path.stat().st_size for path in (made.code, made.documents)}
    assert {name: size for name, size in sizes.items() if size > CEILINGS[name]} == {}
    assert f"Runtime: python{version}" in made.template.read_text(encoding="utf-8")

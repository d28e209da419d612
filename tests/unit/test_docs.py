"""The documents name files, commands and headings that exist."""

import re
from pathlib import Path

import pytest

from infra.package import read_template

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FOLDERS = (
    "api|benchmarks|chalicelib|docs|documents|domain|gateways|handlers|infra|models|portal|programs|services|tests"
)


def pages() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pages()
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(rf"`((?:{FOLDERS})/[\w./*-]*)", page.read_text())

    assert [path for path in named if not exists(path)] == []


@pages()
def test_every_module_that_a_page_runs_exists(page: Path) -> None:
    modules = re.findall(r"python -m\s+((?:infra|benchmarks)[\w.]*)", page.read_text())

    assert [module for module in modules if not exists(module.replace(".", "/")) and not is_module(module)] == []


@pages()
def test_every_link_leads_to_a_file_and_heading(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text())

    broken = [(file, heading) for file, heading in links if not leads_somewhere(page, file, heading)]

    assert broken == []


def test_the_architecture_lists_every_table_with_its_indexes() -> None:
    resources = read_template(ROOT / "infra/template.yaml")["Resources"].items()
    tables = {
        re.sub("(?<!^)(?=[A-Z])", "_", name.removesuffix("Table")).lower(): resource["Properties"]
        for name, resource in resources
        if resource.get("Type") == "AWS::DynamoDB::Table"
    }
    stored = {
        table: {index["IndexName"] for index in properties.get("GlobalSecondaryIndexes", [])}
        for table, properties in tables.items()
    }
    section = (ROOT / "docs/architecture.md").read_text().partition("## Tables")[2]

    listed = dict(re.findall(r"^\| (\w+) \| `\w+`[^|]*\|(.*)\|$", section, re.MULTILINE))

    assert listed.keys() == stored.keys()
    named = {table: set(re.findall(r"`(\w+)`", text.partition("Index")[2])) for table, text in listed.items()}
    assert named == stored


def exists(path: str) -> bool:
    """Whether the path is there, from the root or inside ``chalicelib``; `models/base.Row` is a name in a module."""
    for root in (ROOT, ROOT / "chalicelib"):
        if (root / path).exists() or any(root.glob(path)):
            return True
        module, _, name = path.rpartition(".")
        file = root / f"{module}.py"
        if module and file.is_file() and re.search(rf"\b{re.escape(name)}\b", file.read_text()):
            return True
    return False


def is_module(module: str) -> bool:
    return (ROOT / f"{module.replace('.', '/')}.py").is_file()


def leads_somewhere(page: Path, file: str, heading: str) -> bool:
    target = (page.parent / file) if file else page
    if not target.exists():
        return False
    return not heading or heading in anchors(target.read_text())


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r'<a id="([^"]+)"', text))

"""Writes the inputs and outputs of each Terraform module into infra/terraform/README.md: `python3 module_tables.py`."""

import re
from pathlib import Path

TERRAFORM = Path(__file__).resolve().parents[2] / "infra/terraform"
README = TERRAFORM / "README.md"
BEGIN, END = "<!-- written by tests/infrastructure/module_tables.py -->\n", "<!-- until here -->\n"


def blocks(kind, file):
    for name, body in re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', file.read_text(), re.M | re.S):
        description = re.search(r'^  description = "(.*)"$', body, re.M).group(1)
        yield name, description.replace('\\"', '"'), body


def tables(folder):
    lines = []
    variables = list(blocks("variable", folder / "variables.tf"))
    if variables:
        lines += ["| input | | type | default |", "| --- | --- | --- | --- |"]
    for name, description, body in variables:
        kind = re.search(r"^  type +=(.*)$", body, re.M).group(1).strip()
        default = re.search(r"^  default +=(.*)$", body, re.M)
        default = f"`{default.group(1).strip()}`" if default else "required"
        lines.append(f"| `{name}` | {description} | `{kind}` | {default} |")
    outputs = list(blocks("output", folder / "outputs.tf"))
    lines += ["", "| output | |", "| --- | --- |"] if outputs else []
    lines += [f"| `{name}` | {description} |" for name, description, _ in outputs]
    return lines


def written():
    lines = []
    roots = [("The root module", TERRAFORM), ("`processor/`", TERRAFORM / "processor"), ("`reporter/`", TERRAFORM / "reporter")]
    modules = sorted((TERRAFORM / "modules").iterdir())
    for title, folder in [*roots, *((f"`modules/{module.name}`", module) for module in modules)]:
        lines += [f"## {title}", "", *tables(folder), ""]
    return "\n".join(lines)


def renewed(text):
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + written() + "\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    README.write_text(renewed(README.read_text()))

"""The pages of infra/ say what its files say."""

import re
import unittest

import module_tables
from options import variable
from template import ROOT, load

PAGES = ("infra/README.md", "infra/terraform/README.md", "docs/operate/moving-to-terraform.md")


class Documents(unittest.TestCase):
    def test_the_modules_tables_are_those_of_the_modules(self):
        text = module_tables.README.read_text()
        self.assertEqual(module_tables.renewed(text), text, "run tests/infrastructure/module_tables.py")

    def test_every_file_that_a_page_names_is_there(self):
        for page in PAGES:
            text = (ROOT / page).read_text()
            links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
            scripts = re.findall(r"infra/scripts/[a-z-]+\.sh", text)
            self.assertTrue(links or scripts, page)
            for link in links:
                self.assertTrue((ROOT / page).parent.joinpath(link).exists(), f"{page}: {link}")
            for script in scripts:
                self.assertTrue((ROOT / script).exists(), f"{page}: {script}")

    def test_the_move_to_terraform_knows_each_resource_of_the_template(self):
        script = (ROOT / "infra/scripts/move-to-terraform.sh").read_text()
        known = set(re.findall(r"\b\w+\b", script))
        self.assertEqual(load()["Resources"].keys() - known, set())

    def test_the_template_and_terraform_offer_the_same_choices(self):
        parameters = {variable(name) for name in load()["Parameters"]} - {None}
        text = (ROOT / "infra/terraform/variables.tf").read_text()
        variables = set(re.findall(r'^variable "(\w+)"', text, re.M))
        # A stack lies in the region that it is created in, and has its functions in it.
        self.assertEqual(variables - {"region", "deploy_processor", "deploy_reporter"}, parameters)

    def test_both_have_the_same_defaults(self):
        defaults = {}
        for name, _, body in module_tables.blocks("variable", ROOT / "infra/terraform/variables.tf"):
            default = re.search(r"^  default +=(.*)$", body, re.M)
            defaults[name] = default.group(1) if default else ""
        for name, parameter in load()["Parameters"].items():
            if "Default" in parameter and variable(name):
                with self.subTest(name):
                    self.assertEqual(defaults[variable(name)].strip().strip('"'), str(parameter["Default"]))


if __name__ == "__main__":
    unittest.main()

"""The pages of infra/ say what its files say."""

import re
import unittest

import module_tables
from template import ROOT, load

PAGES = ("infra/README.md", "infra/terraform/README.md", "docs/moving-to-terraform.md")


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

    def test_the_template_and_terraform_offer_the_same_choices(self):
        def words(name):
            return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()

        own_names = {
            "environment_prefix": "name_prefix", "processor_code_key": "processor_zip",
            "reporter_code_key": "reporter_zip", "code_bucket": None,
        }
        parameters = {words(name) for name in load()["Parameters"]}
        parameters = {own_names.get(name, name) for name in parameters} - {None}
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
            word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("environment_prefix", "name_prefix")
            if "Default" in parameter:
                with self.subTest(name):
                    self.assertEqual(defaults[word].strip().strip('"'), str(parameter["Default"]))


if __name__ == "__main__":
    unittest.main()
